/** What all lists have in common. */
export const lists = {
  search: 'Search',
  clear: 'Clear',
  all: 'All',
  pageSize: 'Rows on a page',
  items: (count: number) => `${count} items`,
  showing: (total: string, things: string) => `Showing ${total} total ${things}`,
  pages: 'Pages',
  pageOf: (page: string, pages: string) => `Page ${page} of ${pages}`,
  previous: 'Previous',
  next: 'Next',
}

export type Lists = typeof lists
