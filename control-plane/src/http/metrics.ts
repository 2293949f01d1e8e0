import { counter, type Figure, gauge } from '@aloft/shared/metrics/exposition'

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
    counter('process_cpu_seconds_total', 'CPU time.', (user + system) / 1e6),
  ]
}
