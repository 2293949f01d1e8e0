/** Prometheus text exposition format 0.0.4, for both sides' `/metrics`. */

export interface Figure {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'summary'
  readonly samples: readonly Sample[]
}

export interface Sample {
  /** Of a summary: its sum and its count are samples of their own. */
  readonly suffix?: '_sum' | '_count'
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number
}

export const EXPOSITION_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** A figure of one sample that may go up and down. */
export function gauge(name: string, help: string, value: number): Figure {
  return { name, help, type: 'gauge', samples: [{ value }] }
}

/** A figure of one sample that only grows. */
export function counter(name: string, help: string, value: number): Figure {
  return { name, help, type: 'counter', samples: [{ value }] }
}

export function formatMetrics(figures: readonly Figure[]): string {
  return figures.map(formatFigure).join('')
}

function formatFigure({ name, help, type, samples }: Figure): string {
  const lines = samples.map(({ labels = {}, value, suffix = '' }) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`)
    return `${name}${suffix}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${formatValue(value)}\n`
  })
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
}

/** The format's only escapes; anything else stands for itself. */
function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function formatValue(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value)
}
