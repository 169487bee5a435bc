/** Every list and look-up of the pages, over the rows that `fill.ts` makes. */
import { fillings, WORDS } from './rows'

export interface Asker {
  readonly name: string
  readonly path: string
  /** Who looks: an administrator, or the person with the most grants. */
  readonly as: 'admin' | 'heavy'
}

export interface Ids {
  /** The person with the most grants, and one with few. */
  readonly heavyUser: string
  readonly someUser: string
  /** The application with half of all tokens, and a small one. */
  readonly heavyClient: string
  readonly someClient: string
}

/** Expressions that select the ids, from the rows' own definition. */
export function idQuery(dialect: 'sqlite' | 'postgres'): string {
  const all = fillings(WORDS[dialect], { users: 1, clients: 1, tokens: 4, events: 1 }, 0)
  const of = (table: string, column: string, n: number) => {
    const expression = all.find((filling) => filling.table === table)?.columns[column] ?? ''
    return `(select ${expression} from (select ${dialect === 'sqlite' ? n : `${n}::bigint`} as n) x)`
  }
  return `select ${of('users', 'id', 1)} as "heavyUser", ${of('users', 'id', 7)} as "someUser",
    ${of('oauth_applications', 'client_id', 1)} as "heavyClient", ${of('oauth_applications', 'client_id', 42)} as "someClient"`
}

export function lists({ heavyUser, someUser, heavyClient, someClient }: Ids): readonly Asker[] {
  const admin = (name: string, path: string): Asker => ({ name, path, as: 'admin' })
  const heavy = (name: string, path: string): Asker => ({ name, path, as: 'heavy' })
  const tokens = (query: string) => admin(`tokens ${query}`, `/admin/tokens?${query}`)
  const users = (query: string) => admin(`users ${query}`, `/admin/users?${query}`)
  const clients = (query: string) => admin(`clients ${query}`, `/admin/clients?${query}`)
  const audit = (query: string) => admin(`audit ${query}`, `/admin/audit?${query}`)
  const short = ({ name, path, as }: Asker): Asker => ({
    name: name
      .replace(heavyUser, 'HEAVY')
      .replace(heavyClient, 'HEAVY')
      .replace(someUser, 'SOME')
      .replace(someClient, 'SOME'),
    path,
    as,
  })
  return [
    ...['24h', '30d'].map((period) => admin(`dashboard ${period}`, `/admin?period=${period}`)),
    ...['', 'page=900', 'page_size=50', 'sort=username', 'sort=oldest', 'role=admin', 'status=disabled'].map(users),
    ...['auth_source=http_api', 'role=admin&status=disabled', 'role=user&auth_source=http_api&status=active'].map(
      users,
    ),
    ...['search=user99', 'search=nobody-has-this', 'search=example', 'search=Garcia', 'search=ser77777'].map(users),
    ...['search=Ada&role=admin', 'search=user1&sort=username&page=5', `search=${someUser}`].map(users),
    admin('user', `/admin/users/${someUser}`),
    admin('user, heavy', `/admin/users/${heavyUser}`),
    admin('authorizations of a heavy user', `/admin/users/${heavyUser}/authorizations`),
    ...['', 'page=500', 'status=pending', 'status=inactive', 'search=Deploy', 'search=nothing-like-it'].map(clients),
    admin('client, heavy', `/admin/clients/${heavyClient}`),
    admin('client', `/admin/clients/${someClient}`),
    admin('authorizations of a heavy client', `/admin/clients/${heavyClient}/authorizations`),
    admin('the same, page 500', `/admin/clients/${heavyClient}/authorizations?page=500`),
    ...['', 'page=1000', 'status=active', 'status=disabled', 'status=revoked', 'category=access'].map(tokens),
    ...['category=refresh', 'category=refresh&status=disabled', 'category=access&status=revoked'].map(tokens),
    ...[`user_id=${heavyUser}`, `user_id=${heavyUser}&status=disabled`, `user_id=${someUser}`].map(tokens),
    ...[`client_id=${heavyClient}`, `client_id=${heavyClient}&status=disabled`].map(tokens),
    ...[`client_id=${heavyClient}&page=1000`, `client_id=${heavyClient}&category=refresh&status=revoked`].map(tokens),
    ...[`client_id=${someClient}`, `client_id=${heavyClient}&user_id=${someUser}`].map(tokens),
    ...['search=user1', 'search=user77', 'search=Deploy', 'search=rare.scope', 'search=nothing-like-it'].map(tokens),
    ...['search=user77&status=disabled', 'search=tool 1&category=refresh'].map(tokens),
    ...['', 'page=100', 'event_type=LOGOUT', 'severity=CRITICAL', 'success=false', 'period=24h', 'period=30d'].map(
      audit,
    ),
    ...[`actor_user_id=${heavyUser}`, `actor_user_id=${heavyUser}&event_type=LOGOUT`].map(audit),
    ...[`client_id=${heavyClient}`, `client_id=${heavyClient}&success=false`, 'actor_ip=203.0.113.7'].map(audit),
    ...['search=issued', 'search=needle', 'search=nothing-like-it', 'search=nothing-like-it&event_type=LOGOUT'].map(
      audit,
    ),
    ...['resource_type=USER', 'request_id=unknown', 'event_type=LOGOUT&severity=CRITICAL&success=false'].map(audit),
    heavy('account sessions', '/account/sessions'),
    ...['active', 'disabled', 'revoked'].map((status) =>
      heavy(`account sessions ${status}`, `/account/sessions?status=${status}`),
    ),
    heavy('account sessions, search', '/account/sessions?search=nothing-like-it'),
    heavy('account sessions, page 100', '/account/sessions?page=100'),
    heavy('account authorizations', '/account/authorizations'),
    heavy('account overview', '/account'),
    heavy('account activity', '/account/activity'),
    heavy('my apps', '/apps'),
    heavy('my apps, search', '/apps?search=nothing-like-it'),
    heavy('own app, heavy', `/apps/${heavyClient}`),
  ].map(short)
}
