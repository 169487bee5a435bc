/** What all lists have in common. */
export const lists = {
  search: 'Search',
  clear: 'Clear',
  all: 'All',
  pageSize: 'Rows on a page',
  items: (count: number) => `${count} items`,
  showing: (total: string, things: string) => `Showing ${total} total ${things}`,
  cut: 'There may be more than are found here. Narrow the list to see others.',
  cutSearch: 'There are many. Of all but the newest, only those are found whose name or address begins with this text.',
  pages: 'Pages',
  pageOf: (page: string, pages: string) => `Page ${page} of ${pages}`,
  previous: 'Previous',
  next: 'Next',
}

export type Lists = typeof lists
