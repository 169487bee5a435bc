import type { Docs } from '../en/docs'

export const docs: Docs = {
  title: '技術文件',
  pages: '文件頁面',
  language: '文件語言',
  untranslated: '本頁尚未翻譯。',
  names: {
    'getting-started': '開始使用',
    'auth-code-flow': '授權碼流程',
    'device-flow': '裝置流程',
    'client-credentials': '用戶端憑證',
    oidc: 'OpenID Connect',
    'jwt-verification': '驗證權杖',
    tokens: '權杖與撤銷',
    errors: '錯誤處理',
    configuration: '設定',
    deployment: '部署',
    operations: '維運',
    security: '安全說明',
    upgrading: '升級',
  },
  settings: {
    name: '變數',
    standard: '預設值',
    meaning: '說明',
    secret: '機密；也可以從這個變數所指的檔案讀取：',
  },
}
