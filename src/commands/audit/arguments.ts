/** The command line of `authgate audit`, after that word. */
import { EVENT_TYPES, SEVERITIES } from '../../audit/events'
import { type AuditFilter, readTime } from '../../audit/filter'

interface VerifyInvocation {
  readonly command: 'verify'
  readonly json: boolean
  readonly head?: { readonly number: number; readonly chain: string }
}

export interface ExportInvocation {
  readonly command: 'export'
  readonly format: 'csv' | 'jsonl'
  /** Empty: standard output. */
  readonly out: string
  readonly filter: AuditFilter
}

export type AuditInvocation =
  | VerifyInvocation
  | ExportInvocation
  | { readonly help: true }
  | { readonly command: undefined }
  | { readonly unknownCommand: string }
  | { readonly badOption: string }

const OPTIONS: Readonly<Record<'verify' | 'export', readonly string[]>> = {
  verify: ['json', 'head'],
  export: ['format', 'out', 'since', 'until', 'type', 'severity', 'actor', 'client', 'search', 'json'],
}
const WITHOUT_VALUE = new Set(['json'])

/** Options have one or two dashes; their values follow after `=` or as the next argument. */
export function readAuditArguments(argv: readonly string[]): AuditInvocation {
  const given = new Map<string, string>()
  const words: string[] = []
  const rest = [...argv]
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    const [, name, inline] = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(argument) ?? []
    if (name === undefined) {
      if (argument.startsWith('-')) return { badOption: `bad flag syntax: ${argument}` }
      words.push(argument)
    } else if (name === 'h' || name === 'help') return { help: true }
    else if (WITHOUT_VALUE.has(name) && inline === undefined) given.set(name, '')
    else if ([...OPTIONS.verify, ...OPTIONS.export].includes(name) && !WITHOUT_VALUE.has(name)) {
      const value = inline ?? rest.shift() ?? ''
      if (value === '') return { badOption: `flag needs an argument: -${name}` }
      given.set(name, value)
    } else return { badOption: `flag provided but not defined: -${name}` }
  }
  const [command, surplus] = words
  if (command === undefined) return { command: undefined }
  if (command !== 'verify' && command !== 'export') return { unknownCommand: command }
  const foreign = [...given.keys()].find((name) => !OPTIONS[command].includes(name))
  if (foreign) return { badOption: `flag provided but not defined: -${foreign}` }
  if (surplus !== undefined) return { badOption: `unexpected argument: ${surplus}` }
  return command === 'verify' ? verifyOf(given) : exportOf(given)
}

type Given = ReadonlyMap<string, string>

function verifyOf(given: Given): AuditInvocation {
  const head = given.get('head')
  const [, number, chain] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(head ?? '') ?? []
  if (head !== undefined && chain === undefined) return badValue('head', head, 'NUMBER:CHAIN, as "verify" prints it')
  return {
    command: 'verify',
    json: given.has('json'),
    ...(chain !== undefined && { head: { number: Number(number), chain } }),
  }
}

function exportOf(given: Given): AuditInvocation {
  const format = given.get('format') ?? (given.has('json') ? 'jsonl' : 'csv')
  if (format !== 'csv' && format !== 'jsonl') return badValue('format', format, 'csv or jsonl')
  if (format === 'csv' && given.has('json')) return { badOption: 'flags exclude each other: -json -format' }
  const times = { startTime: given.get('since'), endTime: given.get('until') }
  const startTime = readTime(times.startTime ?? '')
  const endTime = readTime(times.endTime ?? '')
  if (times.startTime && !startTime) return badValue('since', times.startTime, 'a time such as 2026-01-31T09:30:00Z')
  if (times.endTime && !endTime) return badValue('until', times.endTime, 'a time such as 2026-01-31T09:30:00Z')
  const eventType = given.get('type')
  if (eventType !== undefined && !EVENT_TYPES.some((type) => type === eventType))
    return badValue('type', eventType, 'the name of an event')
  const severity = given.get('severity')
  if (severity !== undefined && !SEVERITIES.some((name) => name === severity))
    return badValue('severity', severity, SEVERITIES.join(', '))
  const [actorUserId, clientId, search] = [given.get('actor'), given.get('client'), given.get('search')]
  const filter: AuditFilter = {
    ...(startTime && { startTime }),
    ...(endTime && { endTime }),
    ...(eventType !== undefined && { eventType }),
    ...(severity !== undefined && { severity }),
    ...(actorUserId !== undefined && { actorUserId }),
    ...(clientId !== undefined && { clientId }),
    ...(search !== undefined && { search }),
  }
  return { command: 'export', format, out: given.get('out') ?? '', filter }
}

const badValue = (name: string, value: string, must: string): AuditInvocation => ({
  badOption: `invalid value ${JSON.stringify(value)} for -${name}: must be ${must}`,
})
