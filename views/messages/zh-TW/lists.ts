import type { Lists } from '../en/lists'

export const lists: Lists = {
  search: '搜尋',
  clear: '清除',
  all: '全部',
  pageSize: '每頁筆數',
  items: (count) => `${count} 筆`,
  showing: (total, things) => `共 ${total} ${things}`,
  cut: '可能還有未列出的項目。請縮小範圍以查看其他項目。',
  cutSearch: '項目眾多。除最新的項目外，僅會找到名稱或地址以此文字開頭的項目。',
  pages: '頁面',
  pageOf: (page, pages) => `第 ${page} 頁，共 ${pages} 頁`,
  previous: '上一頁',
  next: '下一頁',
}
