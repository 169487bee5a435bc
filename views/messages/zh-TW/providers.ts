import type { Providers } from '../en/providers'

const TRY_AGAIN = '請回到登入頁面再試一次。'

export const providers: Providers = {
  signInWith: (provider) => `使用 ${provider} 登入`,
  or: '或',
  cancelled: '已取消登入。',

  errors: {
    unsupported: { title: '無法使用', explanation: '不支援的 OAuth 提供者：此伺服器未設定該提供者。', hint: TRY_AGAIN },
    unknown: { title: '無法使用', explanation: '無效的提供者：找不到該 OAuth 提供者。', hint: TRY_AGAIN },
    stateTooLong: { title: '登入遭拒', explanation: 'state 參數無效：超過長度上限。', hint: TRY_AGAIN },
    noAttempt: { title: '登入已過期', explanation: 'OAuth 登入工作階段已過期或無效，請再試一次。', hint: TRY_AGAIN },
    wrongState: { title: '登入遭拒', explanation: 'state 無效：CSRF 驗證失敗，請再試一次。', hint: TRY_AGAIN },
    unreachable: (provider) => ({
      title: `${provider} 沒有回應`,
      explanation: `OAuth 錯誤：目前無法連線至 ${provider}。`,
      hint: '請稍後再試，或改用其他方式登入。',
    }),
    refusedThere: (provider) => ({
      title: '登入失敗',
      explanation: `OAuth 錯誤：${provider} 未讓您登入。`,
      hint: '請再試一次，或改用其他方式登入。若問題持續發生，請告知此伺服器的管理者。',
    }),
    exchange: { title: '登入失敗', explanation: 'OAuth 錯誤：無法交換授權碼。', hint: TRY_AGAIN },
    profile: {
      title: '登入失敗',
      explanation: 'OAuth 錯誤：無法從提供者取得使用者資訊。',
      hint: '請確認您在該處的帳號有已驗證的電子郵件地址，然後再試一次。',
    },
    notFresh: (provider) => ({
      title: '未確認身分',
      explanation: `${provider} 沒有要求您再次證明身分。`,
      hint: `請先在 ${provider} 登出，然後再試一次。`,
    }),
    registrationDisabled: {
      title: '此處沒有帳號',
      explanation: '目前未開放透過 OAuth 註冊新帳號，請聯絡管理員。',
    },
    emailUnverified: (provider) => ({
      title: '電子郵件地址未驗證',
      explanation: `無法使用這個 ${provider} 帳號登入：${provider} 尚未驗證其電子郵件地址。`,
      hint: '請在該處驗證地址後再試一次，或以其他方式登入後連結此帳號。',
    }),
    accountDisabled: { title: '帳號已停用', explanation: '您的帳號已由管理員停用，請聯絡管理員協助處理。' },
    duplicateEmail: {
      title: '有多個帳號',
      explanation: '多個本機帳號使用相同的電子郵件地址。請聯絡管理員合併或移除重複的帳號，再透過 OAuth 登入。',
    },
    notLinkable: (provider) => ({
      title: '未連結',
      explanation: `這個 ${provider} 帳號無法自動連結到使用相同電子郵件地址的帳號。`,
      hint: '請以先前的方式登入，再到「已連結的帳號」連結。若無法登入，請洽管理員。',
    }),
    ofAnotherUser: (provider) => ({
      title: '未連結',
      explanation: `這個 ${provider} 帳號已連結到此伺服器上的另一個帳號。`,
      hint: '請先在該帳號中斷連結，或選擇其他帳號。',
    }),
    anotherAccount: (provider) => ({
      title: '未連結',
      explanation: `您的帳號已連結另一個 ${provider} 帳號。`,
      hint: '請先中斷該連結，再連結這個帳號。',
    }),
    managedElsewhere: {
      title: '未連結',
      explanation: '此帳號能否登入由您的目錄服務決定，無法連結其他帳號。',
    },
    userNotFound: { title: '找不到', explanation: '找不到使用者' },
    connectionNotFound: { title: '找不到', explanation: '找不到 OAuth 連結' },
    lastMethod: {
      title: '您唯一的登入方式',
      explanation: '無法移除此連結：移除後您將無法再登入。',
      hint: '請先連結其他帳號，或請管理員提供密碼。',
    },
    lastMethodOfUser: {
      title: '唯一的登入方式',
      explanation: '未移除此連結：移除後該使用者將無法再登入。',
      hint: '請回上一頁確認您要這麼做，或先為該使用者設定密碼。',
    },
  },

  continueTo: (provider) => ({
    title: `前往 ${provider}`,
    text: `您將在 ${provider} 登入，之後會回到這裡。`,
    button: `前往 ${provider}`,
  }),

  account: {
    title: '已連結的帳號',
    text: '您可以用來登入的其他系統帳號。',
    connected: '已連結',
    available: '未連結',
    availableText: '連結帳號後即可用它登入。您將需要在該處登入。',
    none: '沒有已連結的帳號',
    noneText: '連結其他系統的帳號後，您就可以用它登入。',
    nothingOffered: '此伺服器未設定透過其他系統登入。',
    managedElsewhere: '此帳號能否登入由您的目錄服務決定，因此無法連結其他帳號。',
    connect: '連結',
    connectTo: (provider) => `連結 ${provider}`,
    disconnect: '中斷連結',
    disconnectFrom: (provider) => `中斷與 ${provider} 的連結`,
    confirmTitle: (provider) => `要中斷與 ${provider} 的連結嗎？`,
    confirmText: (provider) =>
      `在您重新連結之前，將無法再使用這個 ${provider} 帳號登入。以它登入的其他瀏覽器會被登出。`,
    onlyWay: '您唯一的登入方式',
    unavailable: '不再提供',
    nowConnected: (provider) => `您的 ${provider} 帳號已連結。`,
    wasConnected: (provider) => `您的 ${provider} 帳號先前已連結。`,
    nowDisconnected: (provider, sessions) =>
      `您的 ${provider} 帳號已中斷連結。${sessions === 0 ? '' : `已登出 ${sessions} 個瀏覽器。`}`,
  },

  admin: {
    title: 'OAuth 連結',
    of: (username) => `${username} 可以用來登入的其他系統帳號。`,
    count: (number) => `已連結 ${number} 個提供者`,
    none: '沒有 OAuth 連結',
    noneText: '此使用者未曾透過其他系統登入，或已中斷連結。',
    unlink: '解除連結',
    unlinkOf: (provider, name) => `解除 ${provider} 帳號 ${name} 的連結`,
    confirmTitle: (provider) => `要解除 ${provider} 的連結嗎？`,
    confirmText: '該使用者將無法再使用此帳號登入，以它登入的瀏覽器會被登出。系統不會自動重新連結。',
    confirmLast: '這是該使用者唯一的登入方式：解除後將沒有人能登入此帳號。',
    removed: (sessions) => `已成功移除 OAuth 連結。${sessions === 0 ? '' : `已登出 ${sessions} 個瀏覽器。`}`,
  },

  columns: {
    caption: '已連結的帳號',
    provider: '提供者',
    username: '使用者名稱',
    email: '電子郵件',
    lastUsed: '上次使用',
    connectedAt: '連結時間',
    actions: '操作',
    never: '從未',
  },
}
