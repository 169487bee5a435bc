/** The dashboard and the alert rules ask for metrics and labels that exist. */
import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { METRICS } from '../../src/metrics/catalogue'
import { PROCESS_METRICS } from '../../src/metrics/process-metrics'

const file = (name: string) => readFileSync(join(import.meta.dir, '../../scripts/monitoring', name), 'utf8')

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string; readonly description: string }
}
const rules = (Bun.YAML.parse(file('alerts.yml')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  (group) => group.rules,
)

interface Panel {
  readonly title: string
  readonly type: string
  readonly gridPos: { readonly x: number; readonly y: number }
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[]
}
const dashboard = JSON.parse(file('grafana-dashboard.json')) as { readonly panels: readonly Panel[] }

/** Labels by name of everything that can be asked for; histograms by the names of their series. */
const known = new Map<string, readonly string[]>([['up', []]])
for (const [name, metric] of Object.entries(METRICS)) {
  const labels: readonly string[] = metric.labels ?? []
  if (metric.kind === 'histogram') known.set(`${name}_bucket`, [...labels, 'le'])
  else known.set(name, labels)
}
for (const name of Object.keys(PROCESS_METRICS)) known.set(name, [])
const OF_THE_SCRAPE = ['job', 'instance']

/** What an expression asks for that does not exist. */
function unknownIn(expr: string): string[] {
  const problems: string[] = []
  const selected: string[] = []
  for (const [, name = '', matchers = ''] of expr.matchAll(/([a-z_]+)\{([^}]*)\}/g)) {
    const labels = known.get(name)
    if (!labels) problems.push(name)
    selected.push(...(labels ?? []))
    for (const [, label = ''] of matchers.matchAll(/(\w+)\s*=~?\s*"/g))
      if (![...(labels ?? []), ...OF_THE_SCRAPE].includes(label)) problems.push(`${name}{${label}}`)
  }
  for (const [, list = ''] of expr.matchAll(/by \(([^)]*)\)/g))
    for (const label of list.split(',').map((each) => each.trim()))
      if (![...selected, ...OF_THE_SCRAPE].includes(label)) problems.push(`by ${label}`)
  if (selected.length === 0 && !expr.includes('{')) problems.push('no metric')
  return problems
}

describe('alert rules', () => {
  for (const { alert, expr, labels, annotations } of rules)
    test(alert, () => {
      expect(unknownIn(expr)).toEqual([])
      expect(labels.severity).toMatch(/^(warning|critical)$/)
      expect(Object.values(annotations).join('').length).toBeGreaterThan(40)
    })
  test('names are used once', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length)
  })
})

describe('dashboard', () => {
  const panels = dashboard.panels.filter(({ type }) => type !== 'row')
  for (const { title, targets = [] } of panels)
    test(title, () => {
      expect(targets.length).toBeGreaterThan(0)
      for (const { expr, legendFormat } of targets) {
        expect(unknownIn(expr)).toEqual([])
        const metricLabels = [...expr.matchAll(/([a-z_]+)\{/g)].flatMap(([, name = '']) => known.get(name) ?? [])
        for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g))
          expect([...metricLabels, ...OF_THE_SCRAPE]).toContain(label)
      }
    })
  test('every metric has its place', () => {
    const asked = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)).join('\n')
    const missing = [...known.keys()].filter((name) => !asked.includes(`${name}{`))
    expect(missing.sort()).toEqual(['auth_attempts_total', 'process_start_time_seconds', 'up'])
  })
  test('no two panels lie at one place', () => {
    const places = dashboard.panels.map(({ gridPos }) => `${gridPos.x},${gridPos.y}`)
    expect(new Set(places).size).toBe(places.length)
  })
})
