import { afterAll, beforeAll, expect, test } from 'bun:test'
import { RedisClient } from 'bun'
import { freshRedis, type RedisServer, startRedis } from './redis'
import { suiteNeeds } from './skip'

async function once<T>(url: string, use: (client: RedisClient) => Promise<T>): Promise<T> {
  const client = new RedisClient(url, { autoReconnect: false, connectionTimeout: 500, enableOfflineQueue: false })
  try {
    await client.connect()
    return await use(client)
  } finally {
    client.close()
  }
}

suiteNeeds('redis')('Redis for tests', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server?.stop())

  test('fresh databases do not see each other', async () => {
    const [one, two] = await Promise.all([freshRedis(), freshRedis()])
    await once(one.url, (client) => client.set('key', 'value'))
    expect(await once(two.url, (client) => client.get('key'))).toBeNull()
    expect(await once(one.url, (client) => client.get('key'))).toBe('value')
    await one.drop()
    expect(await once(one.url, (client) => client.get('key'))).toBeNull()
  })

  test('a halted server refuses connections, and is empty when started again', async () => {
    const { url } = await server.freshRedis()
    await once(url, (client) => client.set('key', 'value'))
    await server.halt()
    await expect(once(url, (client) => client.ping())).rejects.toThrow()
    await server.start()
    expect(await once(url, (client) => client.get('key'))).toBeNull()
  })
})
