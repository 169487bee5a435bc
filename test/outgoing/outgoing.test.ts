/** Requests to real servers: certificates, limits, and where the connection goes. */
import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createOutgoing, type OutgoingRequest } from '../../src/outgoing/outgoing'
import { OutgoingError } from '../../src/outgoing/outgoing-error'
import { selfSignedCertificate } from '../support/certificate'
import { testSettings } from '../support/settings'

const folder = mkdtempSync(join(tmpdir(), 'authgate-outgoing-'))
const HOST = 'app.example'
const right = selfSignedCertificate(folder, HOST)
const foreign = selfSignedCertificate(folder, 'other.example')

interface Seen {
  readonly host: string | null
  readonly path: string
  readonly body: string
}
const seen: Seen[] = []

function serve(certificate?: { certFile: string; keyFile: string }) {
  const tls = certificate && { cert: readFileSync(certificate.certFile), key: readFileSync(certificate.keyFile) }
  return Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    ...(tls && { tls }),
    fetch: async (request) => {
      const { pathname } = new URL(request.url)
      seen.push({ host: request.headers.get('host'), path: pathname, body: await request.text() })
      switch (pathname) {
        case '/redirect':
          return new Response(null, { status: 302, headers: { Location: '/target' } })
        case '/slow':
          await Bun.sleep(2_000)
          return new Response('late')
        case '/drip':
          return new Response(
            new ReadableStream({
              pull: async (controller) => {
                await Bun.sleep(50)
                controller.enqueue(new Uint8Array(10))
              },
            }),
          )
        case '/huge':
          return new Response('x'.repeat(5_000_000))
        case '/zipped':
          return new Response(Bun.gzipSync(new Uint8Array(5_000_000)), { headers: { 'Content-Encoding': 'gzip' } })
        default:
          return new Response('answer', { status: 201 })
      }
    },
  })
}

const secure = serve(right)
const wrongName = serve(foreign)
const plain = serve()

afterAll(async () => {
  await Promise.all([secure.stop(true), wrongName.stop(true), plain.stop(true)])
  rmSync(folder, { recursive: true, force: true })
})

const REQUEST: OutgoingRequest = { method: 'POST', body: 'a=b', timeoutMs: 1_500, answerLimit: 1_000 }

const client = (settings: Record<string, string> = {}, resolve = async () => ['127.0.0.1']) =>
  createOutgoing(testSettings({ BASE_URL: 'https://id.example', OUTGOING_ALLOWED_HOSTS: HOST, ...settings }), resolve)

async function kindOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'answered'
  } catch (error) {
    if (error instanceof OutgoingError) return error.kind
    throw error
  }
}

describe('https', () => {
  const trusting = () => client({ OUTGOING_CA_FILE: right.certFile })

  test('OUTGOING_CA_FILE is trusted; the name of the URL is in the Host header and the certificate', async () => {
    const answer = await trusting().send(`https://${HOST}:${secure.port}/logout`, REQUEST)
    expect(answer).toEqual({ status: 201, body: 'answer' })
    expect(seen.at(-1)).toEqual({ host: `${HOST}:${secure.port}`, path: '/logout', body: 'a=b' })
  })

  test('[SEC] without it the certificate is refused', async () => {
    expect(await kindOf(client().send(`https://${HOST}:${secure.port}/`, REQUEST))).toBe('unreachable')
  })

  test('[SEC] a trusted certificate of another name is refused, though it names the address', async () => {
    const both = client({ OUTGOING_CA_FILE: foreign.certFile })
    expect(await kindOf(both.send(`https://${HOST}:${wrongName.port}/`, REQUEST))).toBe('unreachable')
  })

  test('NODE_EXTRA_CA_CERTS is trusted, alone and beside OUTGOING_CA_FILE', async () => {
    const module = JSON.stringify(join(import.meta.dir, '../../src/outgoing/outgoing.ts'))
    for (const OUTGOING_CA_FILE of ['', foreign.certFile]) {
      const settings = { origin: 'https://id.example', OUTGOING_ALLOWED_HOSTS: [HOST], OUTGOING_CA_FILE }
      const url = `https://${HOST}:${secure.port}/`
      const script = `
        import { createOutgoing } from ${module}
        const outgoing = createOutgoing(${JSON.stringify(settings)}, async () => ['127.0.0.1'])
        console.log((await outgoing.send(${JSON.stringify(url)}, ${JSON.stringify(REQUEST)})).status)`
      const env = { ...process.env, NODE_EXTRA_CA_CERTS: right.certFile }
      const child = Bun.spawn([process.execPath, '-e', script], { env, stdout: 'pipe', stderr: 'inherit' })
      expect((await new Response(child.stdout).text()).trim()).toBe('201')
    }
  })

  test('an address in the URL is looked for in the certificate', async () => {
    const settings = { OUTGOING_CA_FILE: right.certFile, OUTGOING_ALLOWED_HOSTS: '127.0.0.1' }
    const answer = await client(settings).send(`https://127.0.0.1:${secure.port}/`, REQUEST)
    expect(answer.status).toBe(201)
  })
})

describe('where the connection goes', () => {
  test('[SEC] a name is resolved once, and the connection goes to what was judged (DNS rebinding)', async () => {
    let asked = 0
    const rebinding = async () => (++asked === 1 ? ['127.0.0.1'] : ['192.0.2.1'])
    const answer = await client({}, rebinding).send(`http://${HOST}:${plain.port}/`, REQUEST)
    expect(answer.status).toBe(201)
    expect(asked).toBe(1)
    // The name exists nowhere but in the resolver of this test.
    expect(seen.at(-1)?.host).toBe(`${HOST}:${plain.port}`)
  })

  test('[SEC] nothing is sent to an address that is not open', async () => {
    const before = seen.length
    const closed = client({ OUTGOING_ALLOWED_HOSTS: '' })
    expect(await kindOf(closed.send(`https://${HOST}:${secure.port}/`, REQUEST))).toBe('refused')
    expect(seen.length).toBe(before)
  })

  test('[SEC] a redirect is an answer and leads nowhere', async () => {
    const answer = await client().send(`http://${HOST}:${plain.port}/redirect`, REQUEST)
    expect(answer.status).toBe(302)
    expect(seen.at(-1)?.path).toBe('/redirect')
  })
})

describe('limits', () => {
  const url = (path: string) => `http://${HOST}:${plain.port}${path}`

  test('a server that answers late is given up', async () => {
    expect(await kindOf(client().send(url('/slow'), { ...REQUEST, timeoutMs: 100 }))).toBe('timeout')
  })

  test('a server that answers without end is given up', async () => {
    const endless = { ...REQUEST, timeoutMs: 400, answerLimit: 1_000_000 }
    expect(await kindOf(client().send(url('/drip'), endless))).toBe('timeout')
  })

  test('a name server that never answers is given up', async () => {
    const hanging = client({}, () => new Promise<never>(() => {}))
    expect(await kindOf(hanging.send(url('/'), { ...REQUEST, timeoutMs: 100 }))).toBe('timeout')
  })

  test('[SEC] an answer longer than the limit is refused, also when it is compressed', async () => {
    expect(await kindOf(client().send(url('/huge'), REQUEST))).toBe('too_large')
    expect(await kindOf(client().send(url('/zipped'), REQUEST))).toBe('too_large')
  })

  test('with limit 0 the body stays unread, whatever its length', async () => {
    for (const path of ['/huge', '/drip', '/ok'])
      expect(await client().send(url(path), { ...REQUEST, answerLimit: 0 })).toMatchObject({ body: '' })
  })

  test('a closed port is unreachable, and the caller can end a request', async () => {
    expect(await kindOf(client().send(`http://${HOST}:1/`, REQUEST))).toBe('unreachable')
    const signal = AbortSignal.timeout(50)
    expect(await kindOf(client().send(url('/slow'), { ...REQUEST, signal }))).toBe('unreachable')
  })
})
