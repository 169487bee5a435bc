/** Measures the compiled server against a bare handler in the same run. Prints a Markdown table and the machine. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { arch, cpus, tmpdir, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import { rememberConsent, signIn, stormOfLogins } from './browser'
import { countLostAfterKill } from './durability'
import { startPeer } from './peer'
import { type MeasuredRow, median, printTable } from './report'
import { firstUserAndClient, insertConfidentialClient, insertDeviceCodes, startSubject } from './subject'
import { basicHeader, type Figures, form, luaList, measure, refreshScript } from './wrk'

const seconds = Number(process.env.BENCH_SECONDS ?? 5)
const rounds = Number(process.env.BENCH_ROUNDS ?? 3)
const binary = resolve(process.argv[2] ?? 'dist/authgate')
const PENDING_CODES = 100_000
const REFRESH_CHAINS = 256
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

const directory = mkdtempSync(join(tmpdir(), 'authgate-bench-'))
process.env.BENCH_DIRECTORY = directory
const folder = join(directory, 'server')
mkdirSync(folder)
const database = join(folder, 'oauth.db')

interface Row {
  work: string
  yardstick: 'POST' | 'GET'
  target?: number
  run: () => Promise<Figures>
}

const bare = Bun.spawn([process.execPath, join(import.meta.dir, 'bare.ts')], { stdout: 'pipe' })
const { value: firstLine } = await bare.stdout.getReader().read()
const bareUrl = `http://127.0.0.1:${new TextDecoder().decode(firstLine).trim()}`
const port = 18_000 + (process.pid % 1_000)

let subject = await startSubject(binary, folder, port)
const firstStartMs = subject.startMs
await subject.stop()
const { userId, clientId } = await firstUserAndClient(database)
const pending = Array.from({ length: PENDING_CODES }, () => randomBytes(20).toString('hex'))
const approved = Array.from({ length: REFRESH_CHAINS }, () => randomBytes(20).toString('hex'))
await insertDeviceCodes(database, [
  ...pending.map((deviceCode) => ({ deviceCode, clientId })),
  ...approved.map((deviceCode) => ({ deviceCode, clientId, userId })),
])
const application = await insertConfidentialClient(database)
subject = await startSubject(binary, folder, port)
const restartMs = subject.startMs
const idleMemory = subject.memory()

const redeem = async (deviceCode: string): Promise<{ access_token: string; refresh_token: string }> => {
  const body = new URLSearchParams({ grant_type: DEVICE_GRANT, device_code: deviceCode, client_id: clientId })
  const answer = await fetch(`${subject.url}/oauth/token`, { method: 'POST', body })
  if (!answer.ok) throw new Error(`redeeming a device code: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as { access_token: string; refresh_token: string }
}
const issued: Awaited<ReturnType<typeof redeem>>[] = []
for (const deviceCode of approved) issued.push(await redeem(deviceCode))

const pollScript = `
local codes, at = ${luaList(pending)}, 0
wrk.method = "POST"
wrk.headers["content-type"] = "application/x-www-form-urlencoded"
function request()
  at = at % #codes + 1
  return wrk.format(nil, nil, nil, "grant_type=${encodeURIComponent(DEVICE_GRANT)}&client_id=${clientId}&device_code=" .. codes[at])
end`

const tokenInfoScript = `
local tokens, at = ${luaList(issued.map(({ access_token }) => access_token))}, 0
function request()
  at = at % #tokens + 1
  return wrk.format("GET", nil, { Authorization = "Bearer " .. tokens[at] })
end`

const { clientId: applicationId, secret } = application
const credentials = basicHeader(applicationId, secret)
const machineScript = `${form({ grant_type: 'client_credentials', scope: 'read' })}
${credentials}`

const introspectionScript = `
local tokens, at = ${luaList(issued.map(({ access_token }) => access_token))}, 0
wrk.method = "POST"
wrk.headers["content-type"] = "application/x-www-form-urlencoded"
${credentials}
function request()
  at = at % #tokens + 1
  return wrk.format(nil, nil, nil, "token=" .. tokens[at])
end`

const browser = await signIn(subject.url)
const { path, redemption } = await rememberConsent(subject.url, browser, application)
/** Codes join a queue as they arrive; whoever finds one there redeems it, everybody else asks for another. */
const codeFlowScript = `
local codes, first, last = {}, 1, 0
local authorize = { Cookie = "${browser.cookie}", ["User-Agent"] = "${browser.userAgent}" }
local redeem = { ["Content-Type"] = "application/x-www-form-urlencoded" }
function request()
  if first > last then return wrk.format("GET", "${path}", authorize) end
  local code = codes[first]
  codes[first] = nil
  first = first + 1
  return wrk.format("POST", "/oauth/token", redeem, "${redemption}&code=" .. code)
end
function response(status, headers, body)
  for name, value in pairs(headers) do
    local code = string.lower(name) == "location" and string.match(value, "[?&]code=(%x+)")
    if code then
      last = last + 1
      codes[last] = code
    end
  end
end`

/** Each round of the refresh run needs chains nobody has used before. */
let chainsUsed = 0
const chainsPerRound = Math.floor(REFRESH_CHAINS / rounds)

const rows: Row[] = [
  {
    work: 'metadata',
    yardstick: 'GET',
    target: 0.7,
    run: () => measure({ url: `${subject.url}/.well-known/openid-configuration`, script: '', seconds }),
  },
  {
    work: 'device code request',
    yardstick: 'POST',
    target: 0.15,
    run: () => measure({ url: `${subject.url}/oauth/device/code`, script: form({ client_id: clientId }), seconds }),
  },
  {
    work: 'device poll',
    yardstick: 'POST',
    target: 0.4,
    run: () => measure({ url: `${subject.url}/oauth/token`, script: pollScript, seconds, statuses: [400] }),
  },
  {
    work: 'tokeninfo',
    yardstick: 'GET',
    target: 0.3,
    run: () => measure({ url: `${subject.url}/oauth/tokeninfo`, script: tokenInfoScript, seconds }),
  },
  {
    work: 'userinfo',
    yardstick: 'GET',
    target: 0.3,
    run: () => measure({ url: `${subject.url}/oauth/userinfo`, script: tokenInfoScript, seconds }),
  },
  {
    work: 'introspection of a live token',
    yardstick: 'POST',
    target: 0.35,
    run: () => measure({ url: `${subject.url}/oauth/introspect`, script: introspectionScript, seconds }),
  },
  {
    work: 'client_credentials (HS256)',
    yardstick: 'POST',
    target: 0.2,
    run: () => measure({ url: `${subject.url}/oauth/token`, script: machineScript, seconds }),
  },
  {
    work: 'client_credentials while logins saturate the hash pool',
    yardstick: 'POST',
    target: 0.1,
    run: async () => {
      const storm = await stormOfLogins(subject.url)
      const figures = await measure({ url: `${subject.url}/oauth/token`, script: machineScript, seconds })
      await storm.stop()
      return figures
    },
  },
  {
    work: 'code flow: authorize with remembered consent, then token',
    yardstick: 'POST',
    run: () => measure({ url: subject.url, script: codeFlowScript, seconds, statuses: [200, 302, 303] }),
  },
  {
    work: 'refresh with rotation',
    yardstick: 'POST',
    target: 0.1,
    run: () => {
      const chains = issued.slice(chainsUsed, chainsUsed + chainsPerRound)
      chainsUsed += chainsPerRound
      const script = refreshScript(
        clientId,
        chains.map(({ refresh_token }) => refresh_token),
      )
      return measure({ url: `${subject.url}/oauth/token`, script, seconds })
    },
  },
]

const peer = await startPeer(seconds, rounds)
const results: MeasuredRow[] = rows.map(({ work, yardstick, target }) => ({
  work,
  yardstick,
  target,
  own: [],
  peer: [],
}))
const barePost: number[] = []
const bareGet: number[] = []
for (let round = 0; round < rounds; round += 1) {
  barePost.push((await measure({ url: bareUrl, script: form({ token: 'x'.repeat(40) }), seconds })).requestsPerSecond)
  bareGet.push((await measure({ url: `${bareUrl}/static`, script: '', seconds })).requestsPerSecond)
  for (const [at, row] of rows.entries()) {
    results[at]?.own.push(await row.run())
    const same = peer.runs[row.work]
    if (same) results[at]?.peer.push(await same())
  }
}
const busyMemory = subject.memory()
await subject.stop()
await peer.stop()

console.log(`${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${arch()}`)
console.log(`32 connections, ${rounds} rounds of ${seconds} s, medians; SQLite, synchronous=FULL, one process`)
printTable(results, { POST: median(barePost), GET: median(bareGet) })

const durable = await countLostAfterKill(binary, join(directory, 'durability'), port + 1)
console.log(
  `\nfirst start ${Math.round(firstStartMs)} ms, restart ${Math.round(restartMs)} ms · RSS ${Math.round(idleMemory)} MiB idle, ${Math.round(busyMemory)} MiB after load · file ${Math.round(Bun.file(binary).size / 2 ** 20)} MiB`,
)
console.log(
  `durable writes: ${Math.round(durable.perSecond)} acknowledged/s; killed ${durable.rounds} times under load: ${durable.acknowledged} acknowledged, ${durable.lost} lost`,
)
bare.kill()
rmSync(directory, { recursive: true, force: true })
process.exit(durable.lost === 0 ? 0 : 1)
