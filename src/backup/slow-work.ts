/** Statements of SQLite that take long, beside the event loop: bars are drawn and signals taken meanwhile. */
import { Worker } from 'node:worker_threads'
import { DatabaseFault } from '../db/errors'

/** Runs one statement on a file in a thread of its own. Resolves to the first column of its rows. */
export async function runBeside(
  file: string,
  statement: string,
  parameters: readonly string[] = [],
): Promise<unknown[]> {
  const worker = new Worker(PROGRAM, { eval: true, workerData: { file, statement, parameters } })
  try {
    const answer = await new Promise<Answer>((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
    })
    if ('code' in answer) throw new DatabaseFault('backup', answer.code)
    return [...answer.values]
  } finally {
    await worker.terminate()
  }
}

type Answer = { readonly values: readonly unknown[] } | { readonly code: string }

const PROGRAM = `
const { Database } = require('bun:sqlite')
const { parentPort, workerData } = require('node:worker_threads')
try {
  const handle = new Database(workerData.file, { create: false, readwrite: true })
  handle.run('PRAGMA busy_timeout=10000')
  const statement = handle.prepare(workerData.statement)
  const values = statement.values(...workerData.parameters).map((row) => row[0])
  statement.finalize()
  handle.close()
  parentPort.postMessage({ values })
} catch (error) {
  parentPort.postMessage({ code: String(error.code ?? 'unknown') })
}
`
