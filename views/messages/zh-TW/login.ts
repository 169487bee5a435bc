import type { Login } from '../en/login'

export const login: Login = {
  title: '登入',
  withAccount: (product) => `使用您的 ${product} 帳號`,
  toContinueWith: (application) => ['以繼續使用 ', application],
  yourDevice: '您的裝置',
  username: '使用者名稱',
  password: '密碼',
  rememberDays: (days) => `保持登入 ${days} 天`,
  submit: '登入',
  sessionTimeout: '您的工作階段因閒置過久而過期，請重新登入。',
  sessionInvalid: '您的工作階段無效，或可能曾從其他裝置存取。請重新登入。',
  tooMany: '請求次數過多，請稍後再試。',
  unavailable: '目前無法驗證您的密碼，請稍後再試。',
  withPasskey: '使用通行密鑰登入',
  problems: {
    invalid: '使用者名稱或密碼不正確',
    disabled: '您的帳號已停用，請聯絡管理員。',
    username_conflict: '使用者名稱與現有使用者衝突，請聯絡管理員。',
    passkey: '無法使用此通行密鑰。請再試一次，或使用密碼登入。',
    email_conflict: '無法建立您的帳號，請聯絡管理員。',
  },
}
