import type { Consent } from '../en/consent'

export const consent: Consent = {
  title: (application) => `允許 ${application}？`,
  question: (application) => ['允許 ', application, ' 使用您的帳號？'],
  permissions: '它將能夠',
  account: '帳號',
  otherAccount: '使用其他帳號',
  next: '下一步',
  nextPlace: {
    website: (host) => ['前往 ', host],
    'this computer': (host) => ['回到這台電腦上的應用程式 ', host],
    installed: (scheme) => ['回到應用程式 ', scheme],
  },
  knownSince: '註冊時間',
  allow: '允許',
  deny: '拒絕',
  withdraw: '您隨時可以在帳號頁面收回這項許可。',
  formPost: {
    title: '繼續',
    heading: '還差一步',
    continueTo: (host) => ['繼續前往 ', host],
    submit: '繼續',
  },
}
