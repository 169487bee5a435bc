import { type Child, Html } from '../html'

export interface Column<Row> {
  readonly title: string
  readonly cell: (row: Row) => Child
  /** The column that names the row. */
  readonly heads?: boolean
  /** The column of buttons; its title is for screen readers. */
  readonly actions?: boolean
}

/** A role spelled out, because browsers drop the roles of tables that are laid out as blocks. */
const is = (role: string) => ({ role })

/** Rows under column titles; on a narrow screen every row becomes a block of labelled values. */
export function Table<Row>(props: { caption: string; columns: readonly Column<Row>[]; rows: readonly Row[] }) {
  const { caption, columns, rows } = props
  return (
    <div class="panel @container overflow-clip">
      <table class="rows" {...is('table')}>
        <caption class="sr-only">{caption}</caption>
        <thead {...is('rowgroup')}>
          <tr {...is('row')}>
            {columns.map(({ title, actions }) => (
              <th {...is('columnheader')} scope="col">
                {actions ? <span class="sr-only">{title}</span> : title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody {...is('rowgroup')}>
          {rows.map((row) => (
            <tr {...is('row')}>
              {columns.map(({ title, cell, heads, actions }) =>
                heads ? (
                  <th {...is('rowheader')} scope="row">
                    <div class="min-w-0">{cell(row)}</div>
                  </th>
                ) : (
                  <td {...is('cell')} class={actions ? 'row-actions' : undefined}>
                    {!actions && (
                      <span class="row-label" aria-hidden="true">
                        {title}
                      </span>
                    )}
                    <div class="min-w-0">{cell(row)}</div>
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
