import type { Figure } from '@aloft/shared/metrics/exposition'
import type { Bus } from '../bus/bus.ts'
import type { Commit } from '../gateway/writer.ts'
import { busFigures } from './bus-figures.ts'
import { IngestFigures } from './ingest-figures.ts'
import { type AnsweredRequest, type OtlpOptions, startOtlp } from './otlp.ts'

/** What this process tells of itself: figures to whoever asks, and everything to a collector if there is one. */
export interface Telemetry {
  committed(commit: Commit): void
  answered(request: AnsweredRequest): void
  figures(): readonly Figure[]
  stop(): Promise<void>
}

/** Where events and traces go; null keeps them here. */
export interface OtlpTarget {
  readonly endpoint: string
  readonly headers: Readonly<Record<string, string>>
}

export function startTelemetry(
  options: Omit<OtlpOptions, 'endpoint' | 'headers'> & {
    readonly bus: Bus
    readonly otlp: OtlpTarget | null
  },
): Telemetry {
  const { bus, otlp: target, ...rest } = options
  const ingest = new IngestFigures()
  const otlp = target === null ? null : startOtlp({ ...rest, ...target })
  return {
    committed: (commit) => {
      ingest.committed(commit)
      otlp?.committed(commit)
    },
    answered: (request) => otlp?.answered(request),
    figures: () => [...busFigures(bus.figures()), ...ingest.figures(), ...(otlp?.figures() ?? [])],
    stop: async () => otlp?.stop(),
  }
}
