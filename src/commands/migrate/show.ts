/** What `authgate migrate` prints. Ids come from the database: whatever could be mistaken is shown as an escape. */
import type { Settings } from '../../config/settings'
import type { Recognition } from '../../takeover/recognise'
import type { Remark, TakeoverReport } from '../../takeover/report'
import { quoted } from '../clients/show'
import type { Output } from '../output'

const placeOf = ({ postgres, sqlite }: Settings): string =>
  postgres ? `PostgreSQL at ${postgres.hosts.join(',')}` : `SQLite file ${sqlite?.path}`

/** In one word, for programs. */
export type State = 'empty' | 'current' | 'behind' | 'existing' | 'unusable'

export function stateOf(recognition: Recognition): State {
  switch (recognition.kind) {
    case 'empty':
      return 'empty'
    case 'existing':
      return 'existing'
    case 'unknown':
      return 'unusable'
    case 'own':
      if (recognition.problem !== undefined) return 'unusable'
      return recognition.pending.length > 0 ? 'behind' : 'current'
  }
}

const reasonOf = (recognition: Recognition): string | undefined => {
  if (recognition.kind === 'unknown') return recognition.reason
  return recognition.kind === 'own' ? recognition.problem : undefined
}

const pendingOf = (recognition: Recognition): readonly string[] =>
  recognition.kind === 'own' ? recognition.pending : []

export function showStatus(settings: Settings, recognition: Recognition, json: boolean, output: Output): void {
  const state = stateOf(recognition)
  const reason = reasonOf(recognition)
  const pending = pendingOf(recognition)
  if (json) {
    output.out(JSON.stringify({ database: placeOf(settings), state, pending, ...(reason !== undefined && { reason }) }))
    return
  }
  output.out(`Database: ${placeOf(settings)}`)
  output.out(
    {
      empty: 'State: empty; "authgate migrate up" or a server that starts makes its tables',
      current: 'State: up to date',
      behind: `State: ${pending.length} migrations are missing: ${pending.join(', ')}`,
      existing:
        'State: of AuthGate 0.x; "authgate migrate up" or a server that starts converts it, "up --dry-run" says what that does',
      unusable: `State: not usable by this version: ${reason}`,
    }[state],
  )
}

export function showReport(report: TakeoverReport, json: boolean, output: Output): void {
  if (json) {
    output.out(JSON.stringify(report))
    return
  }
  output.out('table                     found       kept   not kept')
  for (const { table, found, kept } of report.tables) output.out(row(table, found, kept, found - kept))
  for (const { table, changed, notKept } of report.tables) {
    for (const remark of notKept) showRemark(`${table}: not kept`, remark, output)
    for (const remark of changed) showRemark(table, remark, output)
  }
  if (report.surplusColumns.length > 0)
    output.out(`Columns that this version does not know and does not keep: ${report.surplusColumns.join(', ')}`)
  output.out(
    report.backup === undefined
      ? 'Nothing was changed: this was a dry run'
      : `Done. The database as it was before: ${report.backup}`,
  )
}

const row = (table: string, ...counts: readonly number[]): string =>
  table.padEnd(20) + counts.map((count) => String(count).padStart(11)).join('')

function showRemark(where: string, { what, rows, examples }: Remark, output: Output): void {
  output.out(`${where}, ${rows} ${rows === 1 ? 'row' : 'rows'}: ${what}`)
  const more = rows > examples.length ? ', …' : ''
  output.out(`  ${examples.map(quoted).join(', ')}${more}`)
}
