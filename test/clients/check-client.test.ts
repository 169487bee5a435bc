import { describe, expect, test } from 'bun:test'
import { checkClient, type Rights } from '../../src/clients/check-client'
import { type ClientInput, EMPTY_INPUT, inputOf, readInput } from '../../src/clients/client-input'
import type { Client } from '../../src/clients/clients'
import { fieldsOf, input } from './support'

const problemsOf = (changes: Partial<ClientInput>, rights: Rights = 'owner', live?: Client) => {
  const checked = checkClient(input(changes), rights, live)
  return 'problems' in checked ? checked.problems.map(({ field, problem }) => `${field}: ${problem}`) : []
}

const stored = (changes: Partial<Client> = {}): Client => ({
  ...fieldsOf(),
  clientId: 'c',
  clientSecret: null,
  previousClientSecret: null,
  previousSecretExpiresAt: null,
  userId: 'u',
  createdBy: 'u',
  status: 'active',
  origin: 'owner',
  registrationTokenHash: null,
  registrationIp: '',
  tokenEpoch: 0,
  version: 1,
  imported: false,
  createdAt: new Date(0),
  updatedAt: new Date(0),
  ...changes,
})

const CALLBACK = 'https://app.example/cb'

describe('what is typed into the form of a client', () => {
  test('a name is enough: device flow, public, email and profile', () => {
    expect(fieldsOf()).toEqual({
      ...{ clientName: 'My tool', description: '', clientUri: '', clientType: 'public', tokenEndpointAuthMethod: null },
      ...{ enableDeviceFlow: true, enableAuthCodeFlow: false, enableClientCredentialsFlow: false },
      ...{ grantTypes: 'device_code', scopes: 'email profile', redirectUris: [], postLogoutRedirectUris: [] },
      ...{ backchannelLogoutUri: '', project: '', serviceAccount: '', tokenProfile: 'standard' },
      allowIntrospection: false,
    })
  })

  test.each<[string, Partial<ClientInput>, string]>([
    ['blank name', { clientName: '  \t ' }, 'client_name: name_required'],
    ['name that turns around', { clientName: 'moc.elgoog\u202e' }, 'client_name: name_invisible'],
    ['name of 101 characters', { clientName: 'x'.repeat(101) }, 'client_name: name_long'],
    ['name of 10 kB', { clientName: '<b>'.repeat(3500) }, 'client_name: name_long'],
    ['description that turns around', { description: 'a\u2066b' }, 'description: description_invisible'],
    ['description with NUL', { description: 'a\u0000b' }, 'description: description_invisible'],
    ['description with half a character', { description: 'a\ud800' }, 'description: description_invisible'],
    ['description of 1001 characters', { description: 'x'.repeat(1001) }, 'description: description_long'],
    ['home page that is a script', { clientUri: 'javascript:alert(1)' }, 'client_uri: not_web_address'],
    ['credentials flow of a public client', { enableClientCredentialsFlow: true }, 'grants: credentials_need_secret'],
    ['code flow without a URI', { enableAuthCodeFlow: true }, 'redirect_uris: uri_missing'],
    ['URI of another scheme', { redirectUris: 'ftp://x' }, 'redirect_uris: bad_uri'],
    ['URI without host', { redirectUris: 'https:///x' }, 'redirect_uris: bad_uri'],
    ['URI with fragment', { redirectUris: 'https://x/#f' }, 'redirect_uris: bad_uri'],
    ['URI that is a script', { redirectUris: 'javascript:alert(1)' }, 'redirect_uris: bad_uri'],
    ['second URI', { redirectUris: `${CALLBACK}\nhttp://plain.example` }, 'redirect_uris: bad_uri'],
    ['51 URIs', { redirectUris: `${CALLBACK}\n`.repeat(51) }, 'redirect_uris: too_many_uris'],
    ['logout address', { postLogoutRedirectUris: 'x' }, 'post_logout_redirect_uris: bad_uri'],
    ['logout notification', { backchannelLogoutUri: 'com.example:/x' }, 'backchannel_logout_uri: bad_uri'],
    ['scope of an administrator', { scopes: 'email admin' }, 'scopes: scope_reserved'],
    ['scope that is none', { scopes: 'email "x' }, 'scopes: scope_malformed'],
    ['10 kB of scopes', { scopes: 'email '.repeat(2) + 'x'.repeat(10_240) }, 'scopes: scopes_long'],
    ['project', { project: '-x' }, 'project: project'],
    ['project of 65 characters', { project: 'x'.repeat(65) }, 'project: project'],
    ['service account', { serviceAccount: '@x' }, 'service_account: service_account'],
    ['service account of 256 characters', { serviceAccount: 'x'.repeat(256) }, 'service_account: service_account'],
  ])('refused: %s', (_, changes, problem) => {
    expect(problemsOf(changes)).toContain(problem)
  })

  test('everything wrong is said at once', () => {
    const wrong = { clientName: '', scopes: 'root', project: '-', serviceAccount: '@', enableAuthCodeFlow: true }
    expect(problemsOf(wrong)).toEqual([
      'client_name: name_required',
      'redirect_uris: uri_missing',
      'scopes: scope_reserved',
      'project: project',
      'service_account: service_account',
    ])
  })

  test('URIs are split at commas and line ends, trimmed, in order and with repetitions', () => {
    const { redirectUris } = fieldsOf({ redirectUris: ' https://a/cb,\n https://b/cb ,\r\n\r\nhttps://a/cb' })
    expect(redirectUris).toEqual(['https://a/cb', 'https://b/cb', 'https://a/cb'])
  })

  test('a new client without any grant gets the device flow, an existing one must have one', () => {
    const none = { enableDeviceFlow: false }
    expect(fieldsOf(none).enableDeviceFlow).toBe(true)
    expect(problemsOf(none, 'owner', stored())).toEqual(['grants: no_grant'])
  })

  test('only the code flow: the device flow is stored off', () => {
    const fields = fieldsOf({ enableDeviceFlow: false, enableAuthCodeFlow: true, redirectUris: CALLBACK })
    expect(fields).toMatchObject({ enableDeviceFlow: false, grantTypes: 'authorization_code' })
  })

  test('any type but public is confidential', () => {
    for (const clientType of ['', 'Public', 'x']) expect(fieldsOf({ clientType }).clientType).toBe('confidential')
  })

  test('an owner sets neither profile nor introspection, an administrator both [SEC]', () => {
    const wish = { tokenProfile: 'long', allowIntrospection: true, clientType: 'confidential' }
    expect(fieldsOf(wish)).toMatchObject({ tokenProfile: 'standard', allowIntrospection: false })
    const live = stored({ tokenProfile: 'short', allowIntrospection: true })
    expect(fieldsOf(wish, 'owner', live)).toMatchObject({ tokenProfile: 'short', allowIntrospection: true })
    expect(fieldsOf(wish, 'admin')).toMatchObject({ tokenProfile: 'long', allowIntrospection: true })
    expect(fieldsOf({ tokenProfile: '' }, 'admin').tokenProfile).toBe('standard')
    expect(problemsOf({ tokenProfile: 'eternal' }, 'admin')).toEqual(['token_profile: token_profile'])
    expect(fieldsOf({ ...wish, clientType: 'public' }, 'admin').allowIntrospection).toBe(false)
  })

  test('an owner keeps the scopes an administrator gave, and adds none [SEC]', () => {
    const live = stored({ scopes: 'email read' })
    expect(fieldsOf({ scopes: 'read openid' }, 'owner', live).scopes).toBe('read openid')
    expect(problemsOf({ scopes: 'read write' }, 'owner', live)).toEqual(['scopes: scope_reserved'])
    expect(fieldsOf({ scopes: 'read write' }, 'admin', live).scopes).toBe('read write')
  })

  test('no scopes mean the default', () => {
    expect(fieldsOf({ scopes: '  ' }).scopes).toBe('email profile')
    expect(fieldsOf({ scopes: '' }, 'owner', stored({ scopes: 'openid' })).scopes).toBe('email profile')
  })

  test('what a client had under older rules may stay', () => {
    const live = stored({ clientName: 'A\u200bB', redirectUris: ['http://intranet/cb', 'https://x/#'] })
    const { clientName, redirectUris } = inputOf(live)
    expect(fieldsOf({ clientName, redirectUris }, 'owner', live).redirectUris).toEqual(live.redirectUris)
    expect(problemsOf({ redirectUris: `${redirectUris}\nhttp://other/cb` }, 'owner', live)).toEqual([
      'redirect_uris: bad_uri',
    ])
    // Of another type it is another client.
    expect(problemsOf({ clientType: 'confidential', redirectUris }, 'owner', live)).toEqual(['redirect_uris: bad_uri'])
  })

  test('private-use schemes are for public clients', () => {
    const redirectUris = 'com.example.app:/cb'
    expect(problemsOf({ redirectUris })).toEqual([])
    expect(problemsOf({ redirectUris, clientType: 'confidential' })).toEqual(['redirect_uris: bad_uri'])
  })

  test('a registered refresh grant and method stay', () => {
    const live = stored({
      ...{ clientType: 'confidential', tokenEndpointAuthMethod: 'client_secret_post' },
      ...{ grantTypes: 'device_code refresh_token', origin: 'registration' },
    })
    const kept = fieldsOf({ clientType: 'confidential' }, 'admin', live)
    expect(kept).toMatchObject({
      ...{ grantTypes: 'device_code refresh_token', tokenEndpointAuthMethod: 'client_secret_post' },
    })
    expect(fieldsOf({ clientType: 'public' }, 'admin', live).tokenEndpointAuthMethod).toBeNull()
  })

  test('texts are composed and their line ends are one character', () => {
    const fields = fieldsOf({ clientName: ' Cafe\u0301 ', description: ' a\r\nb\tc ' })
    expect(fields).toMatchObject({ clientName: 'Café', description: 'a\nb\tc' })
  })
})

describe('forms of clients', () => {
  test('are read by their field names; ticks count only as "true"', () => {
    const read = readInput({
      ...{ client_name: 'n', description: 'd', client_type: 'public', enable_device_flow: 'on' },
      ...{ enable_auth_code_flow: 'true', enable_client_credentials_flow: 'TRUE', scopes: 's', redirect_uris: 'r' },
      ...{ project: 'p', service_account: 'a', token_profile: 'long' },
    })
    expect(read).toEqual({
      ...EMPTY_INPUT,
      ...{ clientName: 'n', description: 'd', clientType: 'public', enableDeviceFlow: false },
      ...{ enableAuthCodeFlow: true, enableClientCredentialsFlow: false, scopes: 's', redirectUris: 'r' },
      ...{ project: 'p', serviceAccount: 'a', tokenProfile: 'long' },
    })
  })

  test('that do not know a newer field leave it as it is', () => {
    const before = input({ clientUri: 'https://a', backchannelLogoutUri: 'https://b', allowIntrospection: true })
    expect(readInput({}, before)).toMatchObject({ clientUri: 'https://a', backchannelLogoutUri: 'https://b' })
    expect(readInput({}, before).allowIntrospection).toBe(true)
    expect(readInput({ has_allow_introspection: 'true' }, before).allowIntrospection).toBe(false)
    expect(readInput({ client_uri: '' }, before).clientUri).toBe('')
  })
})
