/** All routes of the server, to be asked what Elysia's router does not tell: methods of a path, and its pattern. */

export interface RouteTable {
  /** Pattern and methods of the routes that serve a path, such as `/account/sessions/:id/end`. */
  find(path: string): FoundRoute | undefined
}

export interface FoundRoute {
  readonly pattern: string
  readonly methods: readonly string[]
}

interface Route {
  readonly method: string
  readonly path: string
}

export function createRouteTable(routes: readonly Route[]): RouteTable {
  const methodsOf = new Map<string, string[]>()
  for (const { method, path } of routes) methodsOf.set(path, [...(methodsOf.get(path) ?? []), method])
  const all = [...methodsOf].map(([pattern, methods]) => ({ pattern, methods, expression: expressionOf(pattern) }))
  const fixed = new Map(all.filter(({ expression }) => !expression).map((route) => [route.pattern, route]))
  const variable = all.filter(({ expression }) => expression)
  return { find: (path) => fixed.get(path) ?? variable.find(({ expression }) => expression?.test(path)) }
}

function expressionOf(pattern: string): RegExp | undefined {
  if (!/[:*]/.test(pattern)) return undefined
  const source = pattern
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replace(/:[^/]+/g, '[^/]+')
    .replace(/\*$/, '.+')
  return new RegExp(`^${source}$`)
}
