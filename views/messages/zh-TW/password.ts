import type { Password } from '../en/password'

export const password: Password = {
  title: '變更密碼',
  othersEnd: '變更密碼後，您的其他瀏覽器工作階段會結束。',
  forcedTitle: '選擇新密碼',
  forcedText: '您的密碼是由別人設定的。請選擇只有您知道的密碼。',
  current: '目前的密碼',
  new: '新密碼',
  newAgain: '再次輸入新密碼',
  hint: (characters) => `至少 ${characters} 個字元。由數個單字組成就是好密碼。`,
  submit: '變更密碼',
  signOut: '登出',
  changed: '您的密碼已變更，其他瀏覽器皆已登出。',
  tooMany: '嘗試次數過多，請稍後再試。',
  problems: {
    not_the_same: '兩次輸入的新密碼不相同。',
    unchanged: '請選擇與目前不同的密碼。',
    account_changed: '帳號在此期間已變更，請再試一次。',
    wrong_current: '目前的密碼不正確。',
    too_short: '請使用至少 12 個字元。',
    too_long: '請使用最多 256 個字元。',
    own_name: '密碼不可與您的使用者名稱或電子郵件地址相同。',
    repeats: '密碼重複使用了太少種字元。',
    common: '這個密碼太常見。',
  },
}
