/** What a client registers for logout (RP-Initiated Logout §3.1, Back-Channel Logout §2.2). */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { openTestApp, type TestApp } from '../../support/app'
import { databases } from '../../support/databases'
import { clientRow, ENABLED, MINIMAL, manage, postJson, registered, setStatus } from './support'

const LOGOUT = {
  post_logout_redirect_uris: ['https://app.example.com/out', 'http://localhost:3000/out'],
  backchannel_logout_uri: 'https://app.example.com/backchannel?tenant=1',
}

describe.each(databases)('logout members of a registration on %s', (_name, open) => {
  let app: TestApp
  beforeAll(async () => {
    app = await openTestApp({ open, settings: ENABLED })
  })
  afterAll(() => app.close())

  test('are stored and answered; without them the answer has none', async () => {
    const client = await registered(app, { ...LOGOUT, backchannel_logout_session_required: false })
    expect(client).toMatchObject({ ...LOGOUT, backchannel_logout_session_required: true })
    const row = await clientRow(app, client.client_id)
    expect(row?.postLogoutRedirectUris).toEqual(LOGOUT.post_logout_redirect_uris)
    expect(row?.backchannelLogoutUri).toBe(LOGOUT.backchannel_logout_uri)
    const plain = Object.keys(await registered(app))
    expect(plain.filter((name) => name.includes('logout'))).toEqual([])
  })

  test.each([
    ['post_logout_redirect_uris', ['http://app.example.com/out']],
    ['post_logout_redirect_uris', ['https://app.example.com/out#x']],
    ['post_logout_redirect_uris', ['javascript:alert(1)']],
    ['post_logout_redirect_uris', ['https://*.example.com/']],
    ['post_logout_redirect_uris', 'https://app.example.com/out'],
    ['backchannel_logout_uri', 'http://app.example.com/backchannel'],
    ['backchannel_logout_uri', 'https://app.example.com/backchannel#x'],
    ['backchannel_logout_uri', 'https://user:secret@app.example.com/'],
    ['backchannel_logout_uri', 'file:///etc/passwd'],
    ['backchannel_logout_uri', 'com.example.app:/out'],
    ['backchannel_logout_uri', ['https://app.example.com/']],
  ])('[SEC] %s %p is refused', async (name, value) => {
    const response = await postJson(app, { ...MINIMAL, [name]: value })
    expect(response.status).toBe(400)
    expect(((await response.json()) as { error: string }).error).toBe('invalid_client_metadata')
  })

  test('a waiting client replaces them; of an approved one the change waits', async () => {
    const client = await registered(app, LOGOUT)
    const { client_id } = client
    const changed = { post_logout_redirect_uris: ['https://app.example.com/bye'] }
    const answer = await manage(app, client, 'PUT', { ...MINIMAL, client_id, ...changed })
    expect(await answer.json()).toMatchObject(changed)
    expect((await clientRow(app, client_id))?.backchannelLogoutUri).toBe('')

    await setStatus(app, client_id, 'active')
    const proposed = await manage(app, client, 'PUT', {
      ...MINIMAL,
      client_id,
      ...LOGOUT,
      post_logout_redirect_uris: [],
    })
    const { pending_changes, ...live } = (await proposed.json()) as Record<string, unknown>
    expect(live).toMatchObject(changed)
    expect(pending_changes).toEqual({
      post_logout_redirect_uris: [],
      backchannel_logout_uri: LOGOUT.backchannel_logout_uri,
      backchannel_logout_session_required: true,
    })
    expect((await clientRow(app, client_id))?.backchannelLogoutUri).toBe('')
  })
})
