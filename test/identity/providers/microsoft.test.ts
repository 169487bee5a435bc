/** Microsoft Entra ID: tenants, whose word on an address counts, and names of the directory. */
import { afterEach, describe, expect, test } from 'bun:test'
import { OBJECT_ID, OTHER_TENANT, startMicrosoft, TENANT } from '../../support/providers/microsoft'
import { json } from '../../support/providers/provider-server'
import { failureOf, theProvider, visit } from '../../support/providers/visit'

const CONSUMERS = '9188040d-6c67-4c5b-b112-36a304b66dad'

let stop: () => Promise<void> = async () => {}
afterEach(() => stop())

async function microsoft(tenant: string = TENANT, more: Record<string, string> = {}) {
  const started = await startMicrosoft(tenant)
  stop = () => started.server.stop()
  const provider = theProvider({ ...started.settings, ...more })
  return { ...started, provider, enter: () => visit(provider) }
}

describe('tenants', () => {
  test('[SEC] an account is its tenant and object id', async () => {
    const { enter, server } = await microsoft()
    expect(await enter()).toMatchObject({ issuer: `${server.url}/${TENANT}/v2.0`, subject: OBJECT_ID })
  })

  test.each<[string, Record<string, string>, string, boolean]>([
    [TENANT, {}, TENANT, true],
    [TENANT, {}, OTHER_TENANT, false],
    ['common', {}, OTHER_TENANT, true],
    ['common', {}, CONSUMERS, true],
    ['common', { MICROSOFT_ALLOWED_TENANTS: TENANT.toUpperCase() }, TENANT, true],
    ['common', { MICROSOFT_ALLOWED_TENANTS: TENANT }, OTHER_TENANT, false],
    ['organizations', {}, OTHER_TENANT, true],
    ['organizations', {}, CONSUMERS, false],
  ])('[SEC] %s %j: people of %s may sign in: %p', async (tenant, more, tid, may) => {
    const { enter, server } = await microsoft(tenant, more)
    server.claims = { tid }
    expect(await failureOf(enter())).toBe(may ? '' : 'profile: ID token refused: iss')
  })

  test.each<[string, Record<string, unknown>]>([
    ['an issuer of another tenant than tid', { tid: OTHER_TENANT, iss: `/${TENANT}/v2.0` }],
    ['a tenant that is no id', { tid: '../x' }],
    ['no tenant', { tid: undefined }],
  ])('[SEC] refused: %s', async (_, claims) => {
    const { enter, server } = await microsoft('common')
    server.claims = { ...claims, ...(claims.iss !== undefined && { iss: server.url + claims.iss }) }
    expect(await failureOf(enter())).toBe('profile: ID token refused: iss')
  })

  test('[SEC] a key that belongs to one tenant signs for no other', async () => {
    const { enter, server } = await microsoft('common')
    const keys = (issuer: string) => () => json({ keys: [{ ...server.key.jwk, issuer }] })
    server.instead.set('/common/discovery/v2.0/keys', keys(`${server.url}/${OTHER_TENANT}/v2.0`))
    expect(await failureOf(enter())).toBe('profile: ID token refused: a key of another issuer')
    const { enter: enterAgain, server: other } = await microsoft('common')
    const template = () => json({ keys: [{ ...other.key.jwk, issuer: `${other.url}/{tenantid}/v2.0` }] })
    other.instead.set('/common/discovery/v2.0/keys', template)
    expect(await failureOf(enterAgain())).toBe('')
    await server.stop()
  })

  test('[SEC] the discovery document of another tenant is refused', async () => {
    const { enter, server } = await microsoft()
    server.instead.set(`/${TENANT}/v2.0/.well-known/openid-configuration`, () =>
      json({ issuer: `${server.url}/${OTHER_TENANT}/v2.0` }),
    )
    expect(await failureOf(enter())).toBe('start: discovery: the document is of another issuer')
  })

  test('[SEC] a profile of another object than the token’s is refused', async () => {
    const { enter, person } = await microsoft()
    person.id = 'bbbbbbbb-2222-4333-8444-555555555555'
    expect(await failureOf(enter())).toBe('profile: the profile is of somebody else')
    person.id = 7
    expect(await failureOf(enter())).toBe('profile: the profile is of somebody else')
  })

  test('which connections can still sign in', async () => {
    const { provider, server } = await microsoft()
    const isIssuer = (tid: string) => provider.isIssuer(`${server.url}/${tid}/v2.0`)
    expect([isIssuer(TENANT), isIssuer(OTHER_TENANT), provider.isIssuer('https://x.example')]).toEqual([
      true,
      false,
      false,
    ])
  })
})

describe('[SEC] whose address counts as verified', () => {
  const DOMAINS = { MICROSOFT_EMAIL_DOMAINS: 'contoso.example' }
  test.each<
    [string, string, Record<string, string>, Record<string, unknown>, Record<string, unknown>, boolean, boolean]
  >([
    ['any tenant', 'common', DOMAINS, {}, {}, false, false],
    ['organizations', 'organizations', DOMAINS, {}, {}, false, false],
    ['one tenant, no domains', TENANT, {}, {}, {}, false, true],
    ['one tenant, its domain', TENANT, DOMAINS, {}, {}, true, true],
    ['one tenant, another domain', TENANT, DOMAINS, { mail: 'm@evil.example' }, {}, false, true],
    ['a domain that only ends alike', TENANT, DOMAINS, { mail: 'm@evilcontoso.example' }, {}, false, true],
    [
      'a guest’s name in place of an address',
      TENANT,
      DOMAINS,
      { mail: null, userPrincipalName: 'x_evil.example#EXT#@contoso.example' },
      {},
      false,
      true,
    ],
    ['the name of a member', TENANT, DOMAINS, { mail: null }, {}, true, true],
    ['Microsoft’s own word', 'common', {}, {}, { xms_edov: true, email: 'mika@contoso.example' }, true, false],
    ['its word on another address', 'common', {}, {}, { xms_edov: true, email: 'x@contoso.example' }, false, false],
    ['its word as a text', 'common', {}, {}, { xms_edov: 'yes', email: 'mika@contoso.example' }, false, false],
  ])('%s', async (_, tenant, settings, person, claims, emailVerified, mayLinkByEmail) => {
    const started = await microsoft(tenant, settings)
    Object.assign(started.person, person)
    started.server.claims = claims
    expect(await started.enter()).toMatchObject({ emailVerified, mayLinkByEmail })
  })
})

describe('names and addresses', () => {
  const SAM = { onPremisesSamAccountName: 'mtk12345' }
  test.each<[string, Record<string, unknown>, string, string | undefined]>([
    ['synchronised directory', { ...SAM, onPremisesSyncEnabled: true }, 'mtk12345', 'mtk12345'],
    ['stale account name', { ...SAM, onPremisesSyncEnabled: false }, 'mika', undefined],
    ['no word on synchronisation', { ...SAM, onPremisesSyncEnabled: null }, 'mika', undefined],
    [
      'synchronised without account name',
      { onPremisesSyncEnabled: true, onPremisesSamAccountName: '' },
      'mika',
      undefined,
    ],
    ['neither', { mailNickname: null }, 'mika', undefined],
  ])('%s', async (_, properties, username, directoryName) => {
    const { enter, person } = await microsoft()
    Object.assign(person, properties)
    const account = await enter()
    expect([account.username, account.directoryName]).toEqual([username, directoryName])
  })

  test('[SEC] a name of the directory is taken over only of one tenant, and with MICROSOFT_SYNC_USERNAME', async () => {
    const synchronised = { ...SAM, onPremisesSyncEnabled: true }
    const any = await microsoft('common')
    Object.assign(any.person, synchronised)
    expect((await any.enter()).directoryName).toBeUndefined()
    await stop()
    const off = await microsoft(TENANT, { MICROSOFT_SYNC_USERNAME: 'false' })
    Object.assign(off.person, synchronised)
    expect((await off.enter()).directoryName).toBeUndefined()
  })

  test('the address is mail, else the principal name, else none; the name is put together', async () => {
    const { enter, person, server } = await microsoft()
    Object.assign(person, { mail: null, displayName: '', givenName: ' Mika', surname: 'Muster ' })
    expect(await enter()).toMatchObject({ email: 'mika@contoso.example', fullName: 'Mika Muster', avatarUrl: '' })
    expect(server.at('/v1.0/me')[0]?.query.get('$select')?.split(',')).toHaveLength(9)
    person.userPrincipalName = null
    expect(await failureOf(enter())).toBe('profile: no e-mail address')
  })

  test('prompt=login asks for proof again; what it says about the time is looked at', async () => {
    const { provider, server } = await microsoft()
    expect(await failureOf(visit(provider, { fresh: true }))).toBe('')
    expect(server.arrivals.find(({ path }) => path.endsWith('/authorize'))?.query.get('prompt')).toBe('login')
    server.claims = { auth_time: Math.floor(Date.now() / 1000) - 3_600 }
    expect(await failureOf(visit(provider, { fresh: true }))).toBe('profile: not fresh')
  })
})
