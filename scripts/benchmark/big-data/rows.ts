/**
 * What the tables of a large deployment hold, as SQL that makes row `n`.
 *
 * Skewed as real ones are: one application has half of all tokens, one person has every 133rd grant, some accounts and
 * tokens are disabled, rotation has revoked a third. The same `n` gives the same row on either database.
 */

export interface Amounts {
  readonly users: number
  readonly clients: number
  readonly tokens: number
  readonly events: number
}

/** What the two databases write differently. */
export interface Words {
  /** `n` as that many hexadecimal digits. */
  hex(n: string, digits: number): string
  time(milliseconds: string): string
  /** One of the texts, by a number from 1. */
  pick(at: string, texts: readonly string[]): string
}

const quoted = (texts: readonly string[]) => texts.map((text) => `'${text}'`)

export const WORDS: Readonly<Record<'sqlite' | 'postgres', Words>> = {
  sqlite: {
    hex: (n, digits) => `printf('%0${digits}x', ${n})`,
    time: (milliseconds) => milliseconds,
    pick: (at, texts) =>
      `case ${at} ${quoted(texts)
        .map((text, index) => `when ${index + 1} then ${text}`)
        .join(' ')} end`,
  },
  postgres: {
    hex: (n, digits) => `lpad(to_hex(${n}), ${digits}, '0')`,
    time: (milliseconds) => `to_timestamp((${milliseconds}) / 1000.0)`,
    pick: (at, texts) => `(array[${quoted(texts).join(', ')}])[${at}]`,
  },
}

export interface Filling {
  readonly table: string
  readonly count: number
  /** Expressions in `n`, which is a bigint from 1 on, by column. */
  readonly columns: Readonly<Record<string, string>>
}

const DAY_MS = 86_400_000
const GIVEN_NAMES = ['Ada', 'Ben', 'Chen', 'Dora', 'Emil', 'Fatima', 'Grace', 'Hugo', 'Ines', 'Jonas', 'Kai', 'Lena']
const FAMILY_NAMES = ['Adler', 'Brandt', 'Costa', 'Dubois', 'Evans', 'Fischer', 'Garcia', 'Huang', 'Ito', 'Jansen']
const DOMAINS = ['example.com', 'example.org', 'staff.example.net']
const EVENTS = ['ACCESS_TOKEN_ISSUED', 'TOKEN_REFRESHED', 'AUTHENTICATION_SUCCESS', 'TOKEN_REVOKED', 'LOGOUT']

/** Of people and applications; a table is filled with what others refer to before. */
export function fillings(w: Words, { users, clients, tokens, events }: Amounts, nowMs: number): readonly Filling[] {
  /** Spread over the range without order, so that neighbours of one index are none of another. */
  const scattered = (n: string, range: number) => `(((${n}) * 2654435761) % 4294967291) % ${range}`
  const id = (kind: string, n: string) =>
    `${w.hex(`((${n}) * 2654435761) % 4294967296`, 8)} || '-${kind}-4000-8000-' || ${w.hex(n, 12)}`
  const userId = (n: string) => id('00aa', n)
  const clientId = (n: string) => id('00cc', n)
  const ago = (days: number, n: string, count: number) =>
    w.time(`${nowMs - days * DAY_MS} + (${n}) * ${Math.floor((days * DAY_MS) / (count + 1))}`)
  const no = 'false'

  /** Four tokens make a grant; every tenth grant is a client's own. */
  const family = '((n + 3) / 4)'
  const userOf = (f: string) => `case when ${f} % 133 = 0 then 1 else 1 + ${scattered(f, users)} end`
  const clientOf = (f: string) =>
    `case when ${f} % 2 = 0 then 1 when ${f} % 20 < 17 then 2 + ${f} % 17 else 1 + ${scattered(f, clients)} end`
  const isMachine = (f: string) => `${f} % 10 = 3`
  const families = Math.floor(tokens / 4)
  const at = (_kind: string, texts: readonly string[], n: string) => w.pick(`1 + ${scattered(n, texts.length)}`, texts)
  const eventUser = `(${userOf('n')})`

  return [
    {
      table: 'users',
      count: users,
      columns: {
        id: userId('n'),
        username: `'user' || n`,
        username_norm: `'user' || n`,
        email: `'user' || n || '@' || ${at('domain', DOMAINS, 'n')}`,
        email_norm: `'user' || n || '@' || ${at('domain', DOMAINS, 'n')}`,
        ...{ password_hash: `''`, avatar_url: `''`, email_vouched_by: `'admin'` },
        role: `case when n % 1000 = 0 then 'admin' else 'user' end`,
        full_name: `${at('given', GIVEN_NAMES, 'n / 7')} || ' ' || ${at('family', FAMILY_NAMES, 'n / 3')} || ' ' || (n % 1000)`,
        is_active: 'n % 200 <> 0',
        email_verified: 'n % 2 = 0',
        auth_source: `case when n % 5 = 0 then 'http_api' else 'local' end`,
        external_id: `case when n % 5 = 0 then 'ext-' || n end`,
        ...{ must_change_password: no, token_epoch: '0', version: '1', imported: no },
        last_login_at: `case when n % 3 = 0 then ${ago(30, 'n', users)} end`,
        ...{ created_at: ago(900, 'n', users), updated_at: ago(900, 'n', users) },
      },
    },
    {
      table: 'oauth_applications',
      count: clients,
      columns: {
        client_id: clientId('n'),
        client_name: `${at('name', ['Build', 'Deploy', 'Report', 'Chat'], 'n')} || ' tool ' || n`,
        description: `'Application number ' || n`,
        ...{ client_uri: `''`, backchannel_logout_uri: `''`, token_profile: `'standard'`, project: `''` },
        ...{ service_account: `''`, registration_ip: `''`, created_by: 'null' },
        user_id: `case when n % 100 = 1 then ${userId('1')} else ${userId(`1 + ${scattered('n', users)}`)} end`,
        scopes: `'openid email profile offline_access'`,
        grant_types: `'device_code authorization_code'`,
        ...{ redirect_uris: `'["https://app.example.com/callback"]'`, post_logout_redirect_uris: `'[]'` },
        client_type: `'public'`,
        ...{ enable_device_flow: 'true', enable_auth_code_flow: 'true', enable_client_credentials_flow: no },
        allow_introspection: no,
        status: `case when n % 50 = 0 then 'pending' when n % 30 = 0 then 'inactive' else 'active' end`,
        origin: `'owner'`,
        ...{ token_epoch: '0', version: '1', imported: no },
        ...{ created_at: ago(900, 'n', clients), updated_at: ago(900, 'n', clients) },
      },
    },
    {
      table: 'token_families',
      count: families,
      columns: {
        id: id('00ff', 'n'),
        user_id: userId(userOf('n')),
        client_id: clientId(clientOf('n')),
        grant_type: `'device_code'`,
        scopes: `'openid email offline_access'`,
        ...{ ip: `'203.0.113.' || (n % 250)`, user_agent: `'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0'` },
        ...{ sid: `''`, reuse_count: '0' },
        created_at: ago(30, 'n', families),
        expires_at: w.time(`${nowMs + 30 * DAY_MS} + n`),
        last_used_at: ago(30, 'n', families),
        revoked_at: `case when n % 10 < 3 then ${ago(30, 'n', families)} end`,
      },
    },
    {
      table: 'access_tokens',
      count: tokens,
      columns: {
        id: id('00dd', 'n'),
        token_hash: w.hex('n', 64),
        token_type: `'Bearer'`,
        token_category: `case when ${isMachine(family)} or n % 2 = 0 then 'access' else 'refresh' end`,
        status: `case when n % 10007 = 0 then 'disabled' when ${family} % 10 < 3 then 'revoked' else 'active' end`,
        user_id: `case when ${isMachine(family)} then 'client:' || ${clientId(clientOf(family))} else ${userId(userOf(family))} end`,
        client_id: clientId(clientOf(family)),
        scopes: `case when n % 9973 = 0 then 'rare.scope' else 'openid email offline_access' end`,
        grant_type: `case when ${isMachine(family)} then 'client_credentials' else 'device_code' end`,
        expires_at: w.time(`${nowMs + DAY_MS} + n`),
        ...{ created_at: ago(30, 'n', tokens), updated_at: ago(30, 'n', tokens) },
        disabled_by: `case when n % 10007 = 0 then 'admin' end`,
        token_family_id: `case when not (${isMachine(family)}) then ${id('00ff', family)} end`,
        imported: no,
      },
    },
    {
      table: 'audit_logs',
      count: events,
      columns: {
        id: id('00ee', 'n'),
        event_type: at('event', EVENTS, 'n'),
        event_time: ago(30, 'n', events),
        severity: `case when n % 5003 = 0 then 'CRITICAL' when n % 97 = 0 then 'WARNING' else 'INFO' end`,
        actor_user_id: userId(eventUser),
        actor_username: `'user' || ${eventUser}`,
        actor_ip: `'203.0.113.' || (n % 250)`,
        ...{ resource_type: `'TOKEN'`, resource_id: id('00dd', 'n'), resource_name: `''` },
        client_id: clientId(clientOf('n')),
        action: `case when n % 500009 = 0 then 'Needle in the haystack' else 'Access token issued via device_code' end`,
        details: `'{"scopes":"openid email offline_access","token_category":"access"}'`,
        success: 'n % 61 <> 0',
        error_message: `''`,
        ...{ user_agent: `'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0'`, request_path: `'/oauth/token'` },
        ...{ request_method: `'POST'`, request_id: id('00ab', 'n') },
        created_at: ago(30, 'n', events),
      },
    },
  ]
}

/** Consents follow from grants: one for each person and application. */
export const CONSENTS = `
  insert into user_authorizations
    (uuid, user_id, client_id, scopes, web_scopes, granted_at, is_active, token_epoch, created_at, updated_at)
  select min(id), user_id, client_id, min(scopes), '', min(created_at), true, 0, min(created_at), min(created_at)
  from token_families where revoked_at is null group by user_id, client_id`
