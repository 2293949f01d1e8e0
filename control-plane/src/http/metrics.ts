export interface Figure {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  readonly samples: readonly { readonly labels?: Readonly<Record<string, string>>; readonly value: number }[]
}

/** A figure of one sample that may go up and down. */
export function gauge(name: string, help: string, value: number): Figure {
  return { name, help, type: 'gauge', samples: [{ value }] }
}

/** Prometheus text exposition format 0.0.4. */
export function formatMetrics(figures: readonly Figure[]): string {
  return figures.map(formatFigure).join('')
}

function formatFigure({ name, help, type, samples }: Figure): string {
  const lines = samples.map(({ labels = {}, value }) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}=${JSON.stringify(text)}`)
    return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}\n`
  })
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
}

/** Counts answers by status. */
export class AnswerCounter {
  private readonly counts = new Map<number, number>()

  count(status: number): void {
    this.counts.set(status, (this.counts.get(status) ?? 0) + 1)
  }

  figure(): Figure {
    const samples = [...this.counts].map(([status, value]) => ({ labels: { status: String(status) }, value }))
    return { name: 'aloft_http_answers_total', help: 'HTTP answers sent.', type: 'counter', samples }
  }
}

/** What the process itself costs. */
export function processFigures(): readonly Figure[] {
  const { user, system } = process.cpuUsage()
  return [
    gauge('process_resident_memory_bytes', 'Resident memory.', process.memoryUsage.rss()),
    {
      name: 'process_cpu_seconds_total',
      help: 'CPU time.',
      type: 'counter',
      samples: [{ value: (user + system) / 1e6 }],
    },
  ]
}
