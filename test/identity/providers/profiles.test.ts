/** What is taken over of a profile, provider by provider. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { createProviders } from '../../../src/identity/providers'
import { startGitea } from '../../support/providers/gitea'
import { hubert, startGitHub } from '../../support/providers/github'
import { gil, startGitLab } from '../../support/providers/gitlab'
import { startOidc } from '../../support/providers/oidc'
import { json } from '../../support/providers/provider-server'
import { clock, failureOf, theProvider, visit } from '../../support/providers/visit'
import { testSettings } from '../../support/settings'

describe('GitHub', () => {
  let github: Awaited<ReturnType<typeof startGitHub>>
  beforeAll(async () => {
    github = await startGitHub()
  })
  beforeEach(() => {
    github.server.reset()
    Object.assign(github.person, hubert())
  })
  afterAll(() => github.server.stop())
  const enter = () => visit(theProvider(github.settings))

  test('id, login, name, avatar, and the primary verified address', async () => {
    expect(await enter()).toEqual({
      issuer: github.server.url,
      subject: '583231',
      username: 'hubert',
      fullName: 'Hubert H.',
      email: 'hubert@example.com',
      emailVerified: true,
      mayLinkByEmail: true,
      avatarUrl: 'https://avatars.example/583231',
    })
  })

  const address = (email: string, primary: boolean, verified: boolean) => ({ email, primary, verified })
  test.each<[string, string | null, ReturnType<typeof address>[], string]>([
    [
      'the public address when it is verified',
      'p@x.example',
      [address('a@x.example', true, true), address('P@x.example', false, true)],
      'P@x.example',
    ],
    [
      'not an unverified public address',
      'p@x.example',
      [address('a@x.example', true, true), address('p@x.example', false, false)],
      'a@x.example',
    ],
    [
      'the primary address',
      null,
      [address('b@x.example', false, true), address('a@x.example', true, true)],
      'a@x.example',
    ],
    [
      'any verified one when the primary is not',
      '',
      [address('a@x.example', true, false), address('b@x.example', false, true)],
      'b@x.example',
    ],
  ])('[SEC] takes %s', async (_, email, emails, taken) => {
    Object.assign(github.person, { email, emails })
    expect(await enter()).toMatchObject({ email: taken, emailVerified: true })
  })

  test('[SEC] no verified address: no sign-in', async () => {
    Object.assign(github.person, { email: 'p@x.example', emails: [address('p@x.example', true, false)] })
    expect(await failureOf(enter())).toBe('profile: no verified e-mail address')
  })

  test('[SEC] without the scope for addresses a public one of another server than github.com is unverified', async () => {
    github.server.instead.set('/api/v3/user/emails', () => json({}, 404))
    github.person.email = 'p@x.example'
    expect(await enter()).toMatchObject({ email: 'p@x.example', emailVerified: false })
    github.person.email = null
    expect(await failureOf(enter())).toBe('profile: no e-mail address')
  })

  test.each([undefined, null, 0, -1, 1.5, 2 ** 53, '', ' 1', 'a\u0000b', {}, true])(
    '[SEC] an id of %p is none',
    async (id) => {
      github.person.id = id
      expect(await failureOf(enter())).toBe('profile: no usable account id')
    },
  )

  test.each([
    ['http://avatars.example/1', ''],
    ['javascript:alert(1)', ''],
    ['https://user:pw@avatars.example/1', ''],
    [`https://avatars.example/${'x'.repeat(2_048)}`, ''],
    ['https://avatars.example/1', 'https://avatars.example/1'],
  ])('[SEC] avatar %s', async (given, taken) => {
    github.person.avatar_url = given
    expect((await enter()).avatarUrl).toBe(taken)
  })

  test('names lose what is invisible, and length beyond 255', async () => {
    Object.assign(github.person, { name: ` Ev\u202eil\u0007 ${'x'.repeat(300)}`, login: 'hubert' })
    const { fullName } = await enter()
    expect([fullName.startsWith('Evil x'), fullName.length]).toEqual([true, 255])
  })

  test('github.com is asked at its own addresses', async () => {
    const settings = { GITHUB_OAUTH_ENABLED: 'true', GITHUB_CLIENT_ID: 'a', GITHUB_CLIENT_SECRET: 'b' }
    const url = await theProvider(settings).authorizationUrl({ state: 's', codeVerifier: 'v', nonce: 'n', fresh: true })
    expect(url.href).toStartWith('https://github.com/login/oauth/authorize?')
  })
})

describe('Gitea', () => {
  let gitea: Awaited<ReturnType<typeof startGitea>>
  beforeAll(async () => {
    gitea = await startGitea()
  })
  afterAll(() => gitea.server.stop())
  const enter = (more: Record<string, string> = {}) => visit(theProvider({ ...gitea.settings, ...more }))

  test('[SEC] the address is unverified unless the server says otherwise, or GITEA_TRUST_EMAIL does', async () => {
    gitea.person.emails = undefined
    expect(await enter()).toMatchObject({
      issuer: gitea.server.url,
      subject: '7',
      username: 'gitta',
      fullName: 'Gitta G.',
      email: 'gitta@example.com',
      emailVerified: false,
    })
    gitea.person.emails = [{ email: 'gitta@example.com', primary: true, verified: false }]
    expect((await enter()).emailVerified).toBe(false)
    expect((await enter({ GITEA_TRUST_EMAIL: 'true' })).emailVerified).toBe(true)
    gitea.person.emails = [{ email: 'other@example.com', primary: false, verified: true }]
    expect((await enter()).emailVerified).toBe(false)
    gitea.person.emails = [{ email: 'Gitta@example.com', primary: true, verified: true }]
    expect((await enter()).emailVerified).toBe(true)
  })

  test.each(['', 'no-address', 'a b@x.example', 'a@b@c', `${'a'.repeat(250)}@x.example`, 'a\u202e@x.example'])(
    'an address like "%s" is none',
    async (email) => {
      gitea.person.email = email
      expect(await failureOf(enter())).toBe('profile: no e-mail address')
    },
  )
})

describe('GitLab', () => {
  let gitlab: Awaited<ReturnType<typeof startGitLab>>
  beforeAll(async () => {
    gitlab = await startGitLab()
  })
  beforeEach(() => {
    gitlab.server.reset()
    Object.assign(gitlab.person, gil())
  })
  afterAll(() => gitlab.server.stop())
  const OPENID = { GITLAB_SCOPES: 'openid,profile,email' }
  const enter = (more: Record<string, string> = {}) => visit(theProvider({ ...gitlab.settings, ...more }))

  test('[SEC] read_user: the address is unverified unless GITLAB_TRUST_EMAIL says otherwise', async () => {
    expect(await enter()).toMatchObject({ subject: '42', username: 'gil', emailVerified: false })
    expect(await enter({ GITLAB_TRUST_EMAIL: 'true' })).toMatchObject({ emailVerified: true })
  })

  test('[SEC] openid: a validated ID token, the same account id, and the word of GitLab on the address', async () => {
    expect(await enter(OPENID)).toMatchObject({
      issuer: gitlab.server.url,
      subject: '42',
      username: 'gil',
      emailVerified: true,
      avatarUrl: 'https://gitlab.example/avatars/42',
    })
    gitlab.person.emailVerified = false
    expect((await enter(OPENID)).emailVerified).toBe(false)
    gitlab.server.claims = { nonce: 'another' }
    expect(await failureOf(enter(OPENID))).toBe('profile: ID token refused: nonce')
    gitlab.server.claims = { sub: '43' }
    expect(await failureOf(enter(OPENID))).toBe('profile: the profile is of somebody else')
  })

  test('gitlab.com when GITLAB_URL is not set', async () => {
    const settings = { GITLAB_OAUTH_ENABLED: 'true', GITLAB_CLIENT_ID: 'a', GITLAB_CLIENT_SECRET: 'b' }
    expect(theProvider(settings).issuer).toBe('https://gitlab.com')
  })
})

describe('OpenID Connect', () => {
  let oidc: Awaited<ReturnType<typeof startOidc>>
  beforeAll(async () => {
    oidc = await startOidc()
  })
  beforeEach(() => oidc.server.reset())
  afterAll(() => oidc.server.stop())
  const enter = (more: Record<string, string> = {}) => visit(theProvider({ ...oidc.settings, ...more }))

  test('the claims of the settings are read, and the profile is not asked for what the ID token holds', async () => {
    expect(await enter()).toMatchObject({
      subject: 'olga-1',
      username: 'olga',
      fullName: 'Olga O.',
      emailVerified: true,
    })
    expect(oidc.server.at('/userinfo')).toEqual([])
    Object.assign(oidc.person, { login: 'oo', real: 'Real Name', upn: 'oo@corp.example' })
    const claims = { OIDC_USERNAME_CLAIM: 'login', OIDC_NAME_CLAIM: 'real', OIDC_EMAIL_CLAIM: 'upn' }
    expect(await enter(claims)).toMatchObject({ username: 'oo', fullName: 'Real Name', email: 'oo@corp.example' })
  })

  test('[SEC] email_verified says nothing about the address of another claim; OIDC_TRUST_EMAIL does', async () => {
    expect((await enter({ OIDC_EMAIL_CLAIM: 'upn' })).emailVerified).toBe(false)
    expect((await enter({ OIDC_EMAIL_CLAIM: 'upn', OIDC_TRUST_EMAIL: 'true' })).emailVerified).toBe(true)
  })

  test('[SEC] missing claims come from the profile, of the same subject only (OIDC Core §5.3.2)', async () => {
    oidc.server.claims = { email: undefined }
    expect((await enter()).email).toBe('olga@example.com')
    oidc.server.instead.set('/userinfo', () => json({ ...oidc.person, sub: 'olga-2' }))
    expect(await failureOf(enter())).toBe('profile: the profile is of somebody else')
  })

  test('[SEC] "true" as a text is no verified address', async () => {
    oidc.server.claims = { email_verified: 'true' }
    expect((await enter()).emailVerified).toBe(false)
  })
})

describe('which providers are offered', () => {
  test('complete ones, in a fixed order', async () => {
    const started = await Promise.all([startOidc(), startGitLab(), startGitea(), startGitHub()])
    const settings = Object.assign({}, ...started.map((each) => each.settings))
    const names = (more: Record<string, string>) =>
      createProviders(testSettings({ ...settings, ...more }), clock).all.map(({ name }) => name)
    expect(names({})).toEqual(['github', 'gitea', 'gitlab', 'oidc'])
    expect(names({ GITHUB_CLIENT_SECRET: '', GITEA_URL: '', OIDC_ISSUER: '', GITLAB_OAUTH_ENABLED: 'false' })).toEqual(
      [],
    )
    await Promise.all(started.map(({ server }) => server.stop()))
  })
})
