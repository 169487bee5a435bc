import type { AdminKeys } from '../en/admin-keys'

export const adminKeys: AdminKeys = {
  title: '簽章金鑰',
  text: '用於簽署與驗證權杖的金鑰。金鑰存放在伺服器的檔案與設定中，請使用下列指令變更。',
  columns: { state: '狀態', algorithm: '演算法', published: '公布時間', signs: '開始簽署', next: '後續動作' },
  secret: '設定中的密鑰',
  formerSecret: '設定中的舊密鑰',
  thumbprint: '指紋',
  states: { active: '使用中', next: '下一把', retiring: '汰換中', accepted: '可驗證' },
  never: '尚未',
  unknown: '不明',
  notes: {
    active: '簽署所有新的權杖。',
    next: '已公布，讓各用戶端先取得。執行「authgate keys rotate」後即開始簽署。',
    retiring: '用於驗證它簽署過的權杖。已無權杖需要它，可執行「authgate keys retire」移除。',
    accepted: '可驗證權杖；資料庫中沒有它的紀錄。',
  },
  neededUntil: '用於驗證它簽署過的權杖，最後一個權杖到期於',
  rotation: '更換金鑰',
  symmetricText:
    'HS256 以同一把密鑰簽署與驗證。請先將 JWT_SECRET_PREVIOUS 設為新密鑰並重新啟動所有程序；再將兩者對調並重新啟動；待舊密鑰的最後一個權杖到期後移除舊密鑰。',
  commandsText: '在伺服器主機上執行：',
  commands: {
    'authgate keys list': '目前可以對各金鑰執行的動作',
    'authgate keys generate': '在使用中的金鑰旁產生新金鑰',
    'authgate keys rotate': '由下一把金鑰開始簽署',
    'authgate keys retire': '移除已不再需要的金鑰',
  },
  reload:
    '每個程序收到 SIGHUP 時會重新讀取金鑰檔案，不需要重新啟動。按鈕只對這台伺服器生效，負載平衡器後的其他伺服器須另行通知。',
  reloadNow: '重新讀取金鑰檔案',
  reloaded: (keys) => `已重新讀取金鑰檔案，目前使用 ${keys} 把金鑰。`,
  notReloaded: (problem) => `金鑰檔案無法使用，繼續使用原有金鑰。${problem}`,
  othersNotTold: '一個程序已重新讀取金鑰檔案，但無法通知其他程序，請對它們送出 SIGHUP。',
  nothingToReload: '沒有金鑰來自檔案，設定只在伺服器啟動時讀取。',
}
