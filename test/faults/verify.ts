/** Holds the server to what it acknowledged before it was killed. */
import { type HeldCode, idOf, type Ledger, recordOf, setFate } from './ledger'
import { CALLBACK } from './service-client'
import type { Row, Subject } from './subject'

export interface Findings {
  /** Acknowledged, and not there; or ended, and alive again. */
  readonly lost: string[]
  readonly twice: string[]
  /** Answers no server gives that is well. */
  readonly wrong: string[]
  /** How many acknowledgements were looked at. */
  held: number
}

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'
/** Requests at a time. */
const WIDTH = 16
/** Of what a look at it changes, a round looks at so many. */
const SAMPLE = 12

type Asker = Pick<Subject, 'fetch' | 'clients' | 'rows'>

/** The server must be running again. What is looked at by using it up is used up, in the ledger too. */
export async function verify(subject: Asker, ledger: Ledger): Promise<Findings> {
  const findings: Findings = { lost: [], twice: [], wrong: [], held: 0 }
  await verifyTokens(subject, ledger, findings)
  await verifyRefreshTokens(subject, ledger, findings)
  await verifySessions(ledger, findings)
  await verifyRecords(subject, ledger, findings)
  await verifyCounts(subject, ledger, findings)
  await verifyRefreshes(subject, ledger, findings)
  await verifyCodes(subject, ledger, findings)
  await verifyDeviceCodes(subject, ledger, findings)
  await verifySingleUse(subject, findings)
  return findings
}

async function eachOf<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items]
  const worker = async () => {
    for (let item = queue.pop(); item !== undefined; item = queue.pop()) await work(item)
  }
  await Promise.all(Array.from({ length: WIDTH }, worker))
}

const short = (value: string): string => value.slice(-12)

async function post(
  { fetch }: Asker,
  path: string,
  fields: Record<string, string>,
  headers: Record<string, string> = {},
) {
  const answer = await fetch(path, { method: 'POST', body: new URLSearchParams(fields), headers })
  const body = (await answer.json().catch(() => ({}))) as Record<string, unknown>
  return { status: answer.status, body }
}

const nameOf = ({ clients }: Asker, clientId: string): string =>
  Object.entries(clients).find(([, { id }]) => id === clientId)?.[0] ?? clientId

/** The service may look at the access tokens of every client. */
const verifyTokens = (subject: Asker, ledger: Ledger, findings: Findings) =>
  eachOf(ledger.tokens, async ([token, { kind, clientId, fate }]) => {
    if (kind === 'refresh' || fate === 'open') return
    const { id, secret } = subject.clients.service
    const headers = { authorization: `Basic ${btoa(`${id}:${secret}`)}` }
    const { status, body } = await post(subject, '/oauth/introspect', { token }, headers)
    findings.held += 1
    if (status !== 200) findings.wrong.push(`introspection: ${status}`)
    else if (body.active !== (fate === 'live'))
      findings.lost.push(`access token …${short(token)} of ${nameOf(subject, clientId)} should be ${fate}`)
  })

/** Only their own client may look at them, by using them: some are, and the others are looked up in the database. */
async function verifyRefreshTokens(subject: Asker, ledger: Ledger, findings: Findings): Promise<void> {
  const found = await subject.rows("select id, status from access_tokens where token_category = 'refresh'")
  const statuses = new Map(found.map(({ id, status }) => [String(id), String(status)]))
  const held = [...ledger.tokens].filter(([, { kind, fate }]) => kind === 'refresh' && fate !== 'open')
  for (const [token, { clientId, fate }] of held) {
    findings.held += 1
    const status = statuses.get(idOf(token))
    if ((status === 'active') !== (fate === 'live'))
      findings.lost.push(
        `refresh token …${short(token)} of ${nameOf(subject, clientId)} should be ${fate}, is ${status}`,
      )
  }
  const live = held.filter(([, { fate }]) => fate === 'live').slice(-SAMPLE)
  await eachOf(live, async ([token, { clientId }]) => {
    const fields = { grant_type: 'refresh_token', client_id: clientId, refresh_token: token }
    const { status, body } = await post(subject, '/oauth/token', fields)
    if (status !== 200) findings.lost.push(`refresh token …${short(token)}: ${status} ${JSON.stringify(body)}`)
    setFate(ledger, [token], 'ended')
  })
}

const verifySessions = (ledger: Ledger, findings: Findings) =>
  eachOf(ledger.sessions, async ([browser, fate]) => {
    if (fate === 'open') return
    const page = await browser.open('/account/sessions')
    findings.held += 1
    if (page.status !== 200) findings.wrong.push(`own sessions: ${page.status}`)
    else if (page.path.startsWith('/account') !== (fate === 'live')) findings.lost.push(`a session should be ${fate}`)
  })

const number = (row: Row | undefined, name: string): number => Number(row?.[name] ?? 0)

async function verifyRecords({ rows }: Asker, ledger: Ledger, findings: Findings): Promise<void> {
  const found = new Map(
    (await rows('select event_type, resource_id, count(*) as n from audit_logs group by event_type, resource_id')).map(
      (row) => [recordOf(String(row.event_type), String(row.resource_id)), number(row, 'n')],
    ),
  )
  for (const record of ledger.records) {
    const times = found.get(record) ?? 0
    findings.held += 1
    if (times === 0) findings.lost.push(`audit record ${record}`)
    if (times > 1) findings.twice.push(`audit record ${record}`)
  }
}

/** What a change wrote and the audit record of it: neither is there without the other. */
const pairs = (except: string): readonly (readonly [what: string, change: string, record: string])[] => [
  ['device codes', 'select count(*) from device_codes', "('DEVICE_CODE_GENERATED')"],
  ['approvals', 'select count(*) from device_codes where authorized_at is not null', "('DEVICE_CODE_AUTHORIZED')"],
  // Of a permission that is taken back the codes that were not used go too.
  [
    'authorization codes',
    `select count(*) from authorization_codes where client_id <> '${except}'`,
    `('AUTHORIZATION_CODE_GENERATED') and client_id <> '${except}'`,
  ],
  [
    'redemptions',
    'select count(*) from authorization_codes where used_at is not null',
    "('AUTHORIZATION_CODE_EXCHANGED')",
  ],
  [
    'access tokens',
    "select count(*) from access_tokens where token_category = 'access'",
    "('ACCESS_TOKEN_ISSUED', 'TOKEN_REFRESHED', 'CLIENT_CREDENTIALS_TOKEN_ISSUED')",
  ],
]

async function verifyCounts({ rows, clients }: Asker, ledger: Ledger, findings: Findings): Promise<void> {
  for (const [what, change, types] of pairs(clients.fickle.id)) {
    const audited = `select count(*) from audit_logs where success and event_type in ${types}`
    const [row] = await rows(`select (${change}) as changes, (${audited}) as records`)
    if (number(row, 'changes') !== number(row, 'records')) findings.lost.push(`${what}: ${JSON.stringify(row)}`)
  }
  for (const [type, least] of ledger.counts) {
    const [row] = await rows(`select count(*) as n from audit_logs where success and event_type = '${type}'`)
    findings.held += least
    if (number(row, 'n') < least) findings.lost.push(`${least - number(row, 'n')} audit records ${type}`)
  }
}

/** How many of two that come at once are served. */
async function twoAtOnce(findings: Findings, attempt: () => ReturnType<typeof post>) {
  const answers = await Promise.all([attempt(), attempt()])
  for (const { status, body } of answers)
    if (status !== 200 && status !== 400) findings.wrong.push(`${status} ${JSON.stringify(body)}`)
  return answers.filter(({ status }) => status === 200)
}

async function verifyCodes(subject: Asker, ledger: Ledger, findings: Findings): Promise<void> {
  const redeem = (code: string, { clientId, verifier }: HeldCode) =>
    post(subject, '/oauth/token', {
      ...{ grant_type: 'authorization_code', client_id: clientId, code, code_verifier: verifier },
      redirect_uri: CALLBACK,
    })
  const chosen = (state: HeldCode['state']) =>
    [...ledger.codes].filter(([, code]) => code.state === state && code.clientId === subject.clients.application.id)
  const all = [...chosen('issued'), ...chosen('redeeming'), ...chosen('redeemed').slice(-SAMPLE)]
  await eachOf(all, async ([code, held]) => {
    const served = await twoAtOnce(findings, () => redeem(code, held))
    findings.held += 1
    if (served.length > (held.state === 'redeemed' ? 0 : 1)) findings.twice.push(`authorization code …${short(code)}`)
    if (held.state === 'issued' && served.length === 0) findings.lost.push(`authorization code …${short(code)}`)
    ledger.codes.delete(code)
    // A code that is presented again takes with it what it was redeemed for.
    setFate(ledger, held.tokens, 'ended')
  })
}

async function verifyDeviceCodes(subject: Asker, ledger: Ledger, findings: Findings): Promise<void> {
  const poll = (code: string) =>
    post(subject, '/oauth/token', { grant_type: DEVICE, client_id: subject.clients.device.id, device_code: code })
  await eachOf([...ledger.deviceCodes], async ([code, { state, tokens = [] }]) => {
    const name = `device code …${short(code)}, ${state}`
    findings.held += 1
    if (state === 'pending') {
      const { body } = await poll(code)
      if (body.error !== 'authorization_pending') findings.lost.push(`${name}: ${JSON.stringify(body)}`)
      ledger.deviceCodes.delete(code)
      return
    }
    if (state === 'redeemed' && Math.random() > 0.2) return
    const served = await twoAtOnce(findings, () => poll(code))
    if (served.length > (state === 'redeemed' ? 0 : 1)) findings.twice.push(name)
    if (state === 'approved' && served.length === 0) findings.lost.push(name)
    // A device that asks again right after its tokens lost an answer, so they live; later it was somebody else.
    setFate(ledger, tokens, 'open')
    ledger.deviceCodes.delete(code)
  })
}

/** A refresh that was not answered is repeated: both times the answer is the same, so that one successor is alive. */
async function verifyRefreshes(subject: Asker, ledger: Ledger, findings: Findings): Promise<void> {
  await eachOf([...ledger.unansweredRefreshes], async ([token, clientId]) => {
    const fields = { grant_type: 'refresh_token', client_id: clientId, refresh_token: token }
    const served = await twoAtOnce(findings, () => post(subject, '/oauth/token', fields))
    const successors = new Set(served.map(({ body }) => body.refresh_token))
    findings.held += 1
    if (successors.size > 1) findings.twice.push(`refresh token …${short(token)}`)
    if (served.length === 0) findings.lost.push(`refresh token …${short(token)}`)
    ledger.unansweredRefreshes.delete(token)
  })
}

/** Whatever was acknowledged or not: one code leads to one grant, one refresh token to one successor. */
const TWICE: readonly (readonly [what: string, sql: string])[] = [
  [
    'successors of one refresh token',
    `select parent_token_id as id, count(*) as n from access_tokens
     where token_category = 'refresh' and parent_token_id is not null group by parent_token_id having count(*) > 1`,
  ],
  [
    'grants of one authorization code',
    `select authorization_code_id as id, count(distinct token_family_id) as n from access_tokens
     where authorization_code_id is not null group by authorization_code_id having count(distinct token_family_id) > 1`,
  ],
  [
    'grants of one device code',
    `select device_code_id as id, count(distinct token_family_id) as n from access_tokens
     where device_code_id is not null group by device_code_id having count(distinct token_family_id) > 1`,
  ],
]

async function verifySingleUse({ rows }: Asker, findings: Findings): Promise<void> {
  for (const [what, sql] of TWICE)
    for (const row of await rows(sql)) findings.twice.push(`${what}: ${JSON.stringify(row)}`)
}
