import type { Lists } from '../en/lists'

export const lists: Lists = {
  search: '搜尋',
  clear: '清除',
  all: '全部',
  pageSize: '每頁筆數',
  items: (count) => `${count} 筆`,
  showing: (total, things) => `共 ${total} ${things}`,
  pages: '頁面',
  pageOf: (page, pages) => `第 ${page} 頁，共 ${pages} 頁`,
  previous: '上一頁',
  next: '下一頁',
}
