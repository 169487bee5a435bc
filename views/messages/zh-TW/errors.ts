import type { Errors } from '../en/errors'

const START_AGAIN_AT_APPLICATION = '請回到應用程式重新開始。'
const ENTER_CODE_AGAIN = '請重新輸入裝置上的代碼，或在裝置上重新開始。'
const REFUSED_HINT = '請回到應用程式重新開始。如果問題再次發生，請通知該應用程式的負責人。'

const refusedRequest = (explanation: string) => ({ title: '登入請求遭到拒絕', explanation, hint: REFUSED_HINT })

export const errors: Errors = {
  status: (status) => `錯誤 ${status}`,
  toStartPage: '前往首頁',
  requestId: '請求編號',
  requestIdToQuote: (id) => ['尋求協助時請提供請求編號：', id],
  formNotUnderstood: { title: '無法讀取表單', explanation: '伺服器無法讀取這份表單。', hint: '請返回上一頁重新送出。' },
  notAForm: { title: '無法讀取表單', explanation: '請送出表單，而不是其他類型的文件。' },
  tooLarge: { title: '資料過多', explanation: '請求內容過大' },
  formExpired: {
    title: '表單已過期',
    explanation: 'CSRF 權杖驗證失敗。請重新整理頁面後再試一次。',
    hint: '請返回上一頁，重新載入後再送出表單。',
  },
  adminRequired: { title: '需要管理員權限', explanation: '需要管理員權限', hint: '請洽詢管理員。' },
  unavailable: { title: '暫時無法使用', explanation: '服務暫時無法使用，請再試一次。' },
  unexpected: {
    title: '發生錯誤',
    explanation: '伺服器無法完成這個請求。',
    hint: '請再試一次。如果問題再次發生，請將請求編號告知伺服器管理者。',
  },
  rateLimit: { title: '請求過於頻繁', explanation: '請求次數過多，請稍後再試。' },
  notFound: { title: '找不到頁面', explanation: '這個網址沒有任何內容。' },
  wrongMethod: { title: '不允許的請求方法', explanation: '這個網址不接受這類請求。' },
  noPassword: {
    title: '沒有密碼',
    explanation: '這個帳號在此伺服器上沒有密碼。',
    hint: '請在您登入的系統變更密碼，或請管理員為您設定密碼。',
  },
  notYourSession: { title: '不屬於您', explanation: '您沒有權限結束這個工作階段', hint: '它可能已經結束了。' },
  notYourGrant: { title: '不屬於您', explanation: '您沒有權限撤銷這項授權', hint: '它可能已經結束了。' },
  authorization: {
    malformed: { title: '無法理解請求', explanation: '請求格式不正確（invalid_request）' },
    unknownClient: refusedRequest('此伺服器不認識這個應用程式，或它尚未啟用（unauthorized_client）。'),
    repeated: (parameter) => refusedRequest(`參數 ${parameter} 不可重複（invalid_request）。`),
    redirectUri: refusedRequest('返回的網址並未為此應用程式註冊：redirect_uri 無效（invalid_request）。'),
    changed: {
      title: '請再試一次',
      explanation: '在您決定的期間，有些資料已經變更。',
      hint: START_AGAIN_AT_APPLICATION,
    },
    ended: {
      title: '請求已結束',
      explanation: '這個請求已經結束，或來自另一個瀏覽器工作階段。',
      hint: START_AGAIN_AT_APPLICATION,
    },
    answered: { title: '已經回覆', explanation: '這個請求已經回覆過了。', hint: START_AGAIN_AT_APPLICATION },
  },
  device: {
    changed: { title: '請再試一次', explanation: '在您決定的期間，有些資料已經變更。', hint: ENTER_CODE_AGAIN },
    ended: {
      title: '請求已結束',
      explanation: '這個請求已經結束，或來自另一個瀏覽器工作階段。',
      hint: ENTER_CODE_AGAIN,
    },
    answered: { title: '已經回覆', explanation: '這個請求已經回覆過了。', hint: ENTER_CODE_AGAIN },
    allowed: { title: '已經允許', explanation: '這個代碼已經授權過了' },
    denied: { title: '已經拒絕', explanation: '這個代碼已經被拒絕了' },
    expired: { title: '代碼已過期', explanation: '代碼已過期，請重新取得代碼' },
    inactive: { title: '應用程式未啟用', explanation: '這個應用程式未啟用' },
    notPermitted: {
      title: '不再允許',
      explanation: '這個應用程式不能再要求這項存取權',
      hint: ENTER_CODE_AGAIN,
    },
  },
  logout: {
    tooLong: { title: '無法理解請求', explanation: '應用程式送出的請求過長。' },
    malformed: { title: '無法理解請求', explanation: '無法讀取應用程式送出的請求。' },
  },
}
