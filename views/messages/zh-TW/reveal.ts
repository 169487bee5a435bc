import type { Reveal } from '../en/reveal'

export const reveal: Reveal = {
  once: '請立即保存。之後無法再次顯示。',
  asFile: '環境變數檔案格式',
  gone: {
    title: '已經顯示過',
    explanation: '這個頁面只顯示一次，現在已經消失。',
    hint: '如果您沒有保存內容，請重新產生。',
  },
}
