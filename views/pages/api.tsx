/** The API browser: endpoints by group; each opens to its parameters, its answer and an example. */
import { Badge } from '../components/badge'
import { CodeLines } from '../components/code-block'
import { AccountPage } from '../components/page'
import { type Column, Table } from '../components/table'
import type { PageFrame } from '../frame'
import { Html, nothing } from '../html'
import type { Messages } from '../messages'

interface SchemaView {
  readonly type?: string
  readonly const?: unknown
  readonly anyOf?: readonly SchemaView[]
  readonly items?: SchemaView
  readonly properties?: Readonly<Record<string, SchemaView>>
  readonly required?: readonly string[]
}

interface FieldView {
  readonly name: string
  readonly place: 'path' | 'query' | 'body'
  readonly required: boolean
  readonly schema: SchemaView
}

interface EndpointView {
  readonly name: keyof Messages['api']['endpoints']
  readonly group: keyof Messages['api']['groups']
  readonly security: keyof Messages['api']['securities']
  readonly method: string
  readonly path: string
  readonly fields: readonly FieldView[]
  readonly answers: readonly { readonly status: string; readonly schema: SchemaView | undefined }[]
}

export interface ApiProps {
  readonly endpoints: readonly EndpointView[]
  /** BASE_URL without a final slash. */
  readonly origin: string
  /** Path of the OpenAPI document. */
  readonly description: string
}

export function apiPage(frame: PageFrame, { endpoints, origin, description }: ApiProps): JSX.Element {
  const t = frame.t.api
  const groups = Object.entries(t.groups) as [EndpointView['group'], string][]
  return (
    <AccountPage
      frame={frame}
      title={t.title}
      text={t.text}
      action={
        <a class="btn btn-plain" href={frame.basePath + description}>
          {t.description}
        </a>
      }
    >
      {groups.map(([group, name]) => {
        const ofGroup = endpoints.filter((endpoint) => endpoint.group === group)
        if (ofGroup.length === 0) return nothing
        return (
          <section class="mt-8" aria-labelledby={`group-${group}`}>
            <h2 id={`group-${group}`} class="text-base font-semibold">
              {name}
            </h2>
            <div class="mt-3 grid gap-3">
              {ofGroup.map((endpoint) => (
                <Endpoint frame={frame} endpoint={endpoint} origin={origin} />
              ))}
            </div>
          </section>
        )
      })}
    </AccountPage>
  )
}

const TONES: Readonly<Record<string, 'good' | 'accent' | 'warning' | 'bad'>> = {
  GET: 'good',
  POST: 'accent',
  PUT: 'warning',
  DELETE: 'bad',
}

function Endpoint({ frame, endpoint, origin }: { frame: PageFrame; endpoint: EndpointView; origin: string }) {
  const t = frame.t.api
  const { name, method, path, security, fields, answers } = endpoint
  return (
    <details class="panel">
      <summary class="flex cursor-pointer flex-wrap items-center gap-x-3 gap-y-1 px-5 py-3 text-sm">
        <Badge whole tone={TONES[method] ?? 'good'}>
          {method}
        </Badge>
        <code class="font-mono text-xs wrap-anywhere">{path}</code>
        <span class="w-full text-muted">{t.endpoints[name]}</span>
      </summary>
      <div class="grid gap-5 border-t border-base-300 px-5 py-4 text-sm">
        <p>
          <strong class="font-medium">{t.security}:</strong> {t.securities[security]}
        </p>
        {fields.length === 0 ? (
          <p class="text-muted">{t.noParameters}</p>
        ) : (
          <Table caption={`${t.parameters}: ${name}`} columns={columns(frame)} rows={fields} />
        )}
        {answers.map(
          ({ status, schema }) =>
            schema && (
              <div class="grid gap-2">
                <p class="font-medium">
                  {t.answer} {status}
                </p>
                <CodeLines t={frame.t} label={`${t.answer} ${status}: ${name}`} code={exampleOf(schema)} />
              </div>
            ),
        )}
        <div class="grid gap-2">
          <p class="font-medium">{t.example}</p>
          <CodeLines t={frame.t} label={`${t.example}: ${name}`} code={command(endpoint, origin)} />
        </div>
      </div>
    </details>
  )
}

function columns(frame: PageFrame): readonly Column<FieldView>[] {
  const t = frame.t.api
  return [
    {
      title: t.columns.name,
      heads: true,
      cell: ({ name, required }) => (
        <span class="flex flex-wrap gap-2">
          <code class="font-mono text-xs wrap-anywhere">{name}</code>
          {required && <Badge whole>{t.required}</Badge>}
        </span>
      ),
    },
    { title: t.columns.place, cell: ({ place }) => t.places[place] },
    { title: t.columns.type, cell: ({ schema }) => <code class="font-mono text-xs">{typeOf(schema)}</code> },
  ]
}

function typeOf({ type, const: value, anyOf, items }: SchemaView): string {
  if (value !== undefined) return JSON.stringify(value)
  if (anyOf) return [...new Set(anyOf.map(typeOf))].join(' | ')
  return items ? `${typeOf(items)}[]` : (type ?? 'any')
}

/** The shape of an answer, with the types of its members in place of values; members that may be absent have a `?`. */
function exampleOf(schema: SchemaView): string {
  const forms = schema.anyOf ?? [schema]
  return forms.map((form) => JSON.stringify(shape(form), undefined, 2)).join('\n')
}

const shape = ({ properties = {}, required = [] }: SchemaView): Record<string, string> =>
  Object.fromEntries(
    Object.entries(properties).map(([name, member]) => [required.includes(name) ? name : `${name}?`, typeOf(member)]),
  )

const BY_SECURITY: Readonly<Record<string, string>> = {
  client: ' \\\n  -u "$CLIENT_ID:$CLIENT_SECRET"',
  bearer: ' \\\n  -H "Authorization: Bearer $TOKEN"',
  session: ' \\\n  -b "$SESSION_COOKIE"',
  metrics: ' \\\n  -H "Authorization: Bearer $METRICS_TOKEN"',
}

function command({ method, path, security, fields }: EndpointView, origin: string): string {
  const needed = fields.filter(({ required, name }) => required && !(security === 'client' && name === 'client_id'))
  const query = needed.filter(({ place }) => place === 'query').map(({ name }) => `${name}=…`)
  const body = needed.filter(({ place }) => place === 'body').map(({ name }) => ` \\\n  -d ${name}=…`)
  const verb = method === 'GET' || (method === 'POST' && body.length > 0) ? '' : `-X ${method} `
  const address = origin + path.replaceAll(/:(\w+)/g, '{$1}') + (query.length > 0 ? `?${query.join('&')}` : '')
  return `curl ${verb}'${address}'${BY_SECURITY[security] ?? ''}${body.join('')}`
}
