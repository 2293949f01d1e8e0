/**
 * Reads the Prometheus text format 0.0.4 as strictly as its description allows, and its conventions as well. Throws
 * with the line that breaks them.
 */
export interface ReadSample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"/y
const VALUE = /^(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?|NaN|[+-]Inf)$/

interface Family {
  readonly name: string
  type: string | null
}

export function readExposition(text: string): readonly ReadSample[] {
  if (!text.endsWith('\n')) throw new Error('the last line has no end')
  const samples: ReadSample[] = []
  const families = new Set<string>()
  const series = new Set<string>()
  let family: Family | null = null
  for (const line of text.slice(0, -1).split('\n')) {
    const fail = (why: string): never => {
      throw new Error(`${why}: ${line}`)
    }
    const help = new RegExp(`^# HELP (${NAME}) \\S.*$`).exec(line)
    const type = new RegExp(`^# TYPE (${NAME}) (counter|gauge|summary)$`).exec(line)
    if (help) {
      if (families.has(help[1] ?? '')) fail('a family comes twice')
      family = { name: help[1] ?? '', type: null }
      families.add(family.name)
      continue
    }
    if (type) {
      if (family === null || type[1] !== family.name || family.type !== null)
        fail('TYPE does not follow its HELP')
      else family.type = type[2] ?? ''
      if (type[2] === 'counter' && !family?.name.endsWith('_total')) checkCounter(family?.name ?? '', fail)
      if (type[2] !== 'counter' && family?.name.endsWith('_total')) fail('only counters end in _total')
      continue
    }
    const sample = readSample(line, fail)
    if (family?.type == null) return fail('a sample before HELP and TYPE')
    checkFamily(sample, { name: family.name, type: family.type }, fail)
    const id = JSON.stringify([sample.name, Object.entries(sample.labels).sort()])
    if (series.has(id)) fail('a series comes twice')
    series.add(id)
    samples.push(sample)
  }
  return samples
}

function checkCounter(name: string, fail: (why: string) => never): void {
  fail(`counters end in _total, not ${name}`)
}

function readSample(line: string, fail: (why: string) => never): ReadSample {
  const match = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`).exec(line)
  if (match === null) return fail('no sample')
  const [, name = '', labelText, valueText = ''] = match
  if (!VALUE.test(valueText)) fail('no value')
  return { name, labels: readLabels(labelText, fail), value: Number(valueText.replace('Inf', 'Infinity')) }
}

function readLabels(text: string | undefined, fail: (why: string) => never): Record<string, string> {
  const labels: Record<string, string> = {}
  if (text === undefined) return labels
  for (let at = 0; ; ) {
    LABEL.lastIndex = at
    const match = LABEL.exec(text)
    if (match === null) return fail('no labels')
    const [whole, label = '', value = ''] = match
    if (label in labels) fail(`label ${label} comes twice`)
    labels[label] = value.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped))
    at += whole.length
    if (at === text.length) return labels
    if (text[at] !== ',') fail('labels are not separated by a comma')
    at += 1
  }
}

function checkFamily(
  { name, labels }: ReadSample,
  family: { readonly name: string; readonly type: string },
  fail: (why: string) => never,
): void {
  if (/(?:_ms|_milliseconds|_kb|_mb)(?:_|$)/.test(name)) fail('base units are seconds and bytes')
  if (family.type !== 'summary') {
    if (name !== family.name) fail(`not of the family ${family.name}`)
    return
  }
  if (name === `${family.name}_sum` || name === `${family.name}_count`) return
  if (name !== family.name || labels['quantile'] === undefined) fail(`not of the summary ${family.name}`)
}
