/** A reader of the text exposition format 0.0.4, strict enough to find what a real one would refuse. */

export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface Family {
  readonly name: string
  readonly type: string
  readonly help: string
  readonly samples: readonly Sample[]
}

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\[\\n"])*)"(?:,|$)/y

/** Throws for a line that does not belong to the format, for samples without a family, and for repeated series. */
export function parseExposition(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end')
  const families = new Map<string, { name: string; type: string; help: string; samples: Sample[] }>()
  const seen = new Set<string>()
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line)
    if (comment) {
      const [, kind = '', name = '', rest = ''] = comment
      const family = families.get(name) ?? { name, type: '', help: '', samples: [] }
      if (kind === 'TYPE') family.type = rest
      else family.help = rest
      families.set(name, family)
      continue
    }
    const match = SAMPLE.exec(line)
    if (!match) throw new Error(`not a sample: ${line}`)
    const [, name = '', labels = '', value = ''] = match
    const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''))
    if (!family) throw new Error(`a sample without a family: ${line}`)
    const series = line.slice(0, line.lastIndexOf(' '))
    if (seen.has(series)) throw new Error(`a series given twice: ${series}`)
    seen.add(series)
    if (Number.isNaN(Number(value.replace('+Inf', 'Infinity')))) throw new Error(`not a number: ${line}`)
    family.samples.push({ name, labels: parseLabels(labels), value: Number(value) })
  }
  return families
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {}
  LABEL.lastIndex = 0
  while (LABEL.lastIndex < text.length) {
    const match = LABEL.exec(text)
    if (!match) throw new Error(`not labels: ${text}`)
    labels[match[1] ?? ''] = match[2] ?? ''
  }
  return labels
}

/** Value of the one series of a name with these labels. */
export function seriesValue(
  families: Map<string, Family>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''))
  return family?.samples.find(
    (sample) =>
      sample.name === name &&
      Object.keys(sample.labels).length === Object.keys(labels).length &&
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  )?.value
}
