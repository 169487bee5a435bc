/** The OpenAPI document (3.1), from the schemas the routes check requests and answers with. */
import type { Messages } from '../../../views/messages'
import { type DocumentedEndpoint, ENDPOINTS, type EndpointSecurity } from './endpoints'

export interface Route {
  readonly method: string
  readonly path: string
  readonly hooks?: {
    readonly body?: unknown
    readonly query?: unknown
    readonly params?: unknown
    readonly response?: unknown
  }
}

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
}

export interface JsonSchema extends ObjectSchema {
  readonly type?: string
  readonly const?: unknown
  readonly anyOf?: readonly JsonSchema[]
  readonly items?: JsonSchema
  readonly description?: string
}

export interface ApiParameter {
  readonly name: string
  readonly place: 'path' | 'query' | 'body'
  readonly required: boolean
  readonly schema: JsonSchema
}

export interface ApiEndpoint extends DocumentedEndpoint {
  readonly method: string
  readonly path: string
  readonly fields: readonly ApiParameter[]
  readonly answers: readonly { readonly status: string; readonly schema: JsonSchema | undefined }[]
}

/** Endpoints the server has; those of features that are switched off are left out. */
export function apiEndpoints(routes: readonly Route[]): ApiEndpoint[] {
  const byName = new Map(routes.map((route) => [`${route.method} ${route.path}`, route]))
  return ENDPOINTS.flatMap((endpoint) => {
    const route = byName.get(endpoint.name)
    return route ? [describe(endpoint, route)] : []
  })
}

const TEXT: JsonSchema = { type: 'string' }

function describe(endpoint: DocumentedEndpoint, { method, path, hooks = {} }: Route): ApiEndpoint {
  const { parameters = [], required = [] } = endpoint
  const own = parameters.map((name) => ({
    name,
    place: 'query' as const,
    required: required.includes(name),
    schema: TEXT,
  }))
  const answers = Object.entries((hooks.response ?? {}) as Record<string, JsonSchema>)
    .filter(([status]) => /^\d{3}$/.test(status))
    .map(([status, schema]) => ({ status, schema: plain(schema) }))
  return {
    ...endpoint,
    ...{ method, path },
    fields: [
      ...members(hooks.params, 'path', required),
      ...members(hooks.query, 'query', required),
      ...own,
      ...members(hooks.body, 'body', required),
    ],
    answers: answers.length > 0 ? answers : [{ status: '200', schema: undefined }],
  }
}

function members(schema: unknown, place: ApiParameter['place'], required: readonly string[]): ApiParameter[] {
  const { properties = {}, required: always = [] } = (plain(schema) ?? {}) as ObjectSchema
  return Object.entries(properties).map(([name, member]) => ({
    ...{ name, place, schema: member },
    required: place === 'path' || always.includes(name) || required.includes(name),
  }))
}

/** Schemas also carry marks of the library, which are no part of a JSON document. */
const plain = (schema: unknown): JsonSchema | undefined =>
  schema === undefined ? undefined : (JSON.parse(JSON.stringify(schema)) as JsonSchema)

const SECURITY: Readonly<Record<EndpointSecurity, readonly Record<string, readonly string[]>[]>> = {
  none: [],
  browser: [],
  client: [{ ClientBasic: [] }, {}],
  bearer: [{ BearerAuth: [] }],
  session: [{ SessionAuth: [] }],
  metrics: [{ BearerAuth: [] }, {}],
}

/** `basePath` is the prefix of `BASE_URL`: the document names no host, so it is right behind every proxy. */
export function openApiDocument(
  routes: readonly Route[],
  t: Messages,
  basePath: string,
  sessionCookie: string,
): object {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const endpoint of apiEndpoints(routes)) {
    const path = endpoint.path.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [endpoint.method.toLowerCase()]: operation(endpoint, t) }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'AuthGate API', version: '1.0' },
    servers: [{ url: basePath === '' ? '/' : basePath }],
    tags: Object.entries(t.api.groups).map(([, name]) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        BearerAuth: { type: 'http', scheme: 'bearer' },
        ClientBasic: { type: 'http', scheme: 'basic' },
        SessionAuth: { type: 'apiKey', in: 'cookie', name: sessionCookie },
      },
    },
  }
}

function operation({ name, group, security, fields, answers }: ApiEndpoint, t: Messages): object {
  const inBody = fields.filter(({ place }) => place === 'body')
  const properties = Object.fromEntries(inBody.map(({ name: member, schema }) => [member, schema]))
  const required = inBody.filter((member) => member.required).map((member) => member.name)
  const type = name.startsWith('POST /oauth/register') || name.startsWith('PUT ') ? 'application/json' : FORM
  const body = { type: 'object', properties, ...(required.length > 0 && { required }) }
  return {
    summary: t.api.endpoints[name],
    tags: [t.api.groups[group]],
    security: SECURITY[security],
    parameters: fields
      .filter(({ place }) => place !== 'body')
      .map(({ name: member, place, required: needed, schema }) => ({
        name: member,
        in: place,
        required: needed,
        schema,
      })),
    ...(inBody.length > 0 && { requestBody: { required: true, content: { [type]: { schema: body } } } }),
    responses: Object.fromEntries(
      answers.map(({ status, schema }) => [
        status,
        { description: t.api.answer, ...(schema && { content: { 'application/json': { schema } } }) },
      ]),
    ),
  }
}

const FORM = 'application/x-www-form-urlencoded'
