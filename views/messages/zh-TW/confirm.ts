import type { Confirm } from '../en/confirm'

export const confirm: Confirm = {
  title: '請確認是您本人',
  text: (username) => `您即將執行的操作需要近期的登入。您目前以 ${username} 登入。`,
  password: '密碼',
  submit: '確認',
  withPasskey: '使用通行密鑰確認',
  signInAgain: '重新登入',
  or: '或',
  confirmAt: (provider) => `使用 ${provider} 確認`,
  wrong: '密碼不正確。',
  tooMany: '嘗試次數過多，請稍後再試。',
  changed: '您的帳號在此期間已經變更，請再試一次。',
  gone: { title: '表單已不存在', explanation: '您送出的表單已不再保留。', hint: '請返回原來的頁面重新送出。' },
  continueTitle: '感謝您',
  continueText: '您的表單已保留。請立即送出以完成操作。',
  continueSubmit: '繼續',
}
