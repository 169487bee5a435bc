import type { Logout } from '../en/logout'

export const logout: Logout = {
  title: '登出',
  question: '要登出嗎？',
  signedInAs: (name) => ['您目前以 ', name, ' 的身分登入。'],
  othersStay: '您允許過的應用程式與裝置會保持登入。',
  stay: '保持登入',
  submit: '登出',
  asks: (application) => [application, ' 要求將您登出。'],
  anApplication: '某個應用程式',
  signedOut: '已登出',
  closeWindow: '您可以關閉這個視窗。',
  signInAgain: '重新登入',
  notSentBack: (problem) => `${problem}您不會被送回該應用程式。`,
  problems: {
    unproven: '應用程式未能證明是它讓您在此登入。',
    named_another: '應用程式指名了另一個應用程式。',
    unnamed: '應用程式沒有說明自己的身分。',
    unknown: '此伺服器不認識這個應用程式。',
    unregistered: '它要將您送往的網址並未註冊。',
  },
}
