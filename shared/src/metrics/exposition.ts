/** Prometheus text exposition format 0.0.4, for both sides' `/metrics`. */

export interface Figure {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  readonly samples: readonly Sample[]
}

export interface Sample {
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
  const lines = samples.map(({ labels = {}, value }) => {
    // JSON's escapes of backslash, quote and newline are the format's own.
    const pairs = Object.entries(labels).map(([label, text]) => `${label}=${JSON.stringify(text)}`)
    return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}\n`
  })
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
}
