import type { Statement } from './statements'

/** Rows that the writes of a commit changed whose names begin so. `changed` is what the commit resolved to. */
export function rowsChanged(statements: readonly Statement[], changed: readonly number[], name: string): number {
  let rows = 0
  for (const [index, statement] of statements.entries())
    if (statement.kind !== 'guard' && statement.write.name.startsWith(name)) rows += changed[index] ?? 0
  return rows
}
