/** GET /health, /livez, /readyz. */
import type { Context } from '../context'
import { echoAnswer } from '../doctor/echo'
import type { Lifecycle } from '../server'
import { dataHeaders } from './security-headers'
import { infrastructureSurface } from './surfaces/infrastructure'

const PING_TIMEOUT_MS = 2_000
const REUSE_MS = 1_000

export function healthEndpoints(context: Context, lifecycle: Lifecycle) {
  const databaseAnswers = createDatabaseCheck(context)
  const headers = new Headers({
    ...dataHeaders(context.settings),
    'Content-Type': 'application/json; charset=utf-8',
    'Cache-Control': 'no-store',
  })
  const answer = (status: number, body: string) => new Response(body, { status, headers })

  return infrastructureSurface(context)
    .get('/health', async ({ request }) => {
      if (!(await databaseAnswers())) return answer(503, '{"database":"disconnected","status":"unhealthy"}')
      const seen = echoAnswer(context, request)
      return answer(200, `{"database":"connected",${seen === undefined ? '' : `"seen":"${seen}",`}"status":"healthy"}`)
    })
    .get('/livez', () => answer(200, '{"status":"alive"}'))
    .get('/readyz', async () => {
      if (lifecycle.draining()) return answer(503, '{"status":"draining"}')
      return (await databaseAnswers())
        ? answer(200, '{"status":"ready"}')
        : answer(503, '{"status":"database unavailable"}')
    })
}

/** Many probes make one ping: an answer is good for a second, and probes that come meanwhile wait for the same one. */
function createDatabaseCheck({ db, clock }: Context): () => Promise<boolean> {
  let latest: Promise<boolean> | undefined
  let askedAt = Number.NEGATIVE_INFINITY
  return () => {
    if (!latest || clock.now() - askedAt >= REUSE_MS) {
      askedAt = clock.now()
      latest = ping(db)
    }
    return latest
  }
}

async function ping(db: Context['db']): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), PING_TIMEOUT_MS)
  })
  const answered = db.ping().then(
    () => true,
    () => false,
  )
  try {
    return await Promise.race([answered, late])
  } finally {
    clearTimeout(timer)
  }
}
