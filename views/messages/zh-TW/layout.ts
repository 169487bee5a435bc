import type { Layout } from '../en/layout'

export const layout: Layout = {
  skip: '跳至主要內容',
  mainNavigation: '主選單',
  version: (version) => `版本 ${version}`,
  switchTheme: '切換佈景主題',
  signedInAs: (name) => `已登入為 ${name}`,
  signedInAsPerson: (name) => ['已登入為 ', name, '。'],
  accountMenuOf: '帳號選單：',
  languageNames: { en: 'English', 'zh-TW': '繁體中文' },
  nav: {
    sessions: '工作階段',
    device: '連結裝置',
    changePassword: '變更密碼',
    signOut: '登出',
  },
  cancel: '取消',
  copy: (what) => `複製${what}`,
  showPassword: '顯示密碼',
  capsLock: 'Caps Lock 已開啟。',
  notYou: '不是您嗎？',
  deadline: (time) => `於 ${time}`,
}
