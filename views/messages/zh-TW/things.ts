import type { Things } from '../en/things'

export const things: Things = {
  client: {
    organisation: '由您的組織提供',
    own: '由您註冊',
    registeredBy: (owner) => `由 ${owner} 註冊`,
    registeredByUser: '由使用者註冊',
    selfRegistered: '未經任何人驗證',
  },
  scopes: {
    openid: '得知您在此伺服器上的身分',
    profile: '查看您的姓名與使用者名稱',
    email: '查看您的電子郵件地址',
    groups: '查看您所屬的群組',
    read: '代表您讀取資料',
    write: '代表您變更資料',
    offline_access: '在您離開時保持登入，直到您撤銷為止',
  },
  readScope: (what, name) => `讀取 ${what}（${name}）`,
  changeScope: (what, name) => `變更 ${what}（${name}）`,
  otherScope: (name) => `使用權限「${name}」`,
  scopeGroups: {
    identity: '您的身分',
    reading: '讀取',
    changing: '變更',
    staying: '保持登入',
    other: '其他權限',
  },
  programOn: (program, system) => `${system} 上的 ${program}`,
  unknownDevice: '未知的裝置',
}
