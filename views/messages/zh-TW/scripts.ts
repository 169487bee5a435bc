import type { Scripts } from '../en/scripts'

export const scripts: Scripts = {
  copied: '已複製',
  copyFailed: '無法複製',
  toDark: '切換為深色模式',
  toLight: '切換為淺色模式',
  justNow: '剛剛',
  inLessThanAMinute: '不到 1 分鐘後',
  now: '現在',
  passkeyFailed: '無法使用通行密鑰，請再試一次。',
  passkeyKnown: '此裝置或安全金鑰已有您帳號的通行密鑰。',
  countdown: (time) => `${time} 後`,
}
