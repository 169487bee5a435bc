/** Runs wrk and reads its figures. */
import { join } from 'node:path'

export interface Figures {
  requestsPerSecond: number
  p50Ms: number
  p99Ms: number
  /** Answers that were not the expected status, and failed connections. */
  errors: number
}

export interface Load {
  url: string
  /** Lua text that sets `wrk.method`, `wrk.body`, or defines `request` and `response`. */
  script: string
  connections?: number
  seconds: number
  /** The statuses an answer may have; 200 unless given. */
  statuses?: number[]
}

const reporter = (statuses: number[]) => `
local right = {${statuses.map((status) => `[${status}]=true`).join(',')}}
local threads = {}
function setup(thread) table.insert(threads, thread) end
local user_init, user_response = init, response
function init(args) wrong = 0; if user_init then user_init(args) end end
function response(code, headers, body)
  if not right[code] then wrong = wrong + 1 end
  if user_response then user_response(code, headers, body) end
end
function done(summary, latency, requests)
  local bad = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  for _, thread in ipairs(threads) do bad = bad + (thread:get('wrong') or 0) end
  io.write(string.format('FIGURES %f %f %f %d\\n', summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, bad))
end`

export async function measure({ url, script, connections = 32, seconds, statuses = [200] }: Load): Promise<Figures> {
  const file = join(process.env.BENCH_DIRECTORY as string, `load-${crypto.randomUUID()}.lua`)
  await Bun.write(file, script + reporter(statuses))
  const command = ['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', file, url]
  const wrk = Bun.spawn(command, { stdout: 'pipe', stderr: 'pipe' })
  const output = await new Response(wrk.stdout).text()
  const found = /FIGURES ([\d.]+) ([\d.]+) ([\d.]+) (\d+)/.exec(output)
  if (!found) throw new Error(`wrk failed: ${output} ${await new Response(wrk.stderr).text()}`)
  const [requestsPerSecond, p50Ms, p99Ms, errors] = found.slice(1).map(Number) as [number, number, number, number]
  return { requestsPerSecond, p50Ms, p99Ms, errors }
}

/** A POST of one fixed form. */
export const form = (fields: Record<string, string>): string => `
wrk.method = "POST"
wrk.headers["content-type"] = "application/x-www-form-urlencoded"
wrk.body = ${JSON.stringify(new URLSearchParams(fields).toString())}`

export const basicHeader = (id: string, secret: string): string =>
  `wrk.headers["Authorization"] = "Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}"`

export const luaList = (values: string[]): string => `{${values.map((value) => `"${value}"`).join(',')}}`

/** Every answer's refresh token joins the queue the next request is taken from. */
export const refreshScript = (clientId: string, tokens: string[]): string => `
local queue, first, last = ${luaList(tokens)}, 1, ${tokens.length}
wrk.method = "POST"
wrk.headers["content-type"] = "application/x-www-form-urlencoded"
function request()
  local token = queue[first]
  queue[first] = nil
  first = first + 1
  return wrk.format(nil, nil, nil, "grant_type=refresh_token&client_id=${clientId}&refresh_token=" .. token)
end
function response(code, headers, body)
  last = last + 1
  queue[last] = string.match(body, '"refresh_token":"([^"]+)"') or "lost"
end`
