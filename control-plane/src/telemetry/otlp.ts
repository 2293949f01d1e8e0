/** Events as logs, requests and transactions of ingest as spans, to an OpenTelemetry collector. Nothing waits for it. */
import { randomBytes } from 'node:crypto'
import type { Figure } from '@aloft/shared/metrics/exposition'
import type { Commit } from '../gateway/writer.ts'
import { encodeLogs, encodeSpans, type LogRecord, type Resource, type Span } from './otlp-encode.ts'
import { type OtlpQueueOptions, startOtlpQueue } from './otlp-queue.ts'

export interface Otlp {
  committed(commit: Commit): void
  /** A request that was answered. `traceparent` is the caller's header (W3C Trace Context), if there was one. */
  answered(request: AnsweredRequest): void
  figures(): readonly Figure[]
  stop(): Promise<void>
}

export interface AnsweredRequest {
  readonly method: string
  /** The route's pattern: a path would be a name for each object. */
  readonly route: string
  readonly status: number
  readonly requestId: string
  readonly traceparent: string | null
  readonly startMs: number
  readonly endMs: number
}

export interface OtlpOptions extends Resource {
  /** Of OTLP/HTTP: `/v1/logs` and `/v1/traces` are below it. */
  readonly endpoint: string
  readonly headers: Readonly<Record<string, string>>
  readonly log: OtlpQueueOptions<never>['log']
  readonly queue?: Pick<OtlpQueueOptions<never>, 'waitingMax' | 'lingerMs' | 'retryMs'>
}

/** Throws `RangeError` unless it is `http://…` or `https://…`. */
export function parseOtlpEndpoint(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text.replace(/\/+$/, '')
  throw new RangeError(`--otlp-endpoint must be http://HOST[:PORT] or https://…, not "${text}"`)
}

/** `name=value,name=value`, as in OTEL_EXPORTER_OTLP_HEADERS. Throws `RangeError`. */
export function parseOtlpHeaders(text: string): Record<string, string> {
  const pairs = text.split(',').filter((pair) => pair.trim() !== '')
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, name, value] = /^\s*([\w-]+)\s*=\s*(.*?)\s*$/.exec(pair) ?? []
      if (name === undefined || value === undefined)
        throw new RangeError('ALOFT_OTLP_HEADERS must be NAME=VALUE[,NAME=VALUE]')
      return [name, decodeURIComponent(value)] as const
    }),
  )
}

export function startOtlp({ endpoint, headers, log, replica, version, queue = {} }: OtlpOptions): Otlp {
  const resource = { replica, version }
  const common = { headers, log, ...queue }
  const logs = startOtlpQueue<LogRecord>({
    ...common,
    what: 'events',
    url: `${endpoint}/v1/logs`,
    encode: (records) => encodeLogs(resource, records),
  })
  const spans = startOtlpQueue<Span>({
    ...common,
    what: 'spans',
    url: `${endpoint}/v1/traces`,
    encode: (items) => encodeSpans(resource, items),
  })
  return {
    committed: (commit) => {
      logs.push(recordsOf(commit))
      spans.push([ingestSpan(commit)])
    },
    answered: (request) => spans.push([requestSpan(request)]),
    figures: () => [
      figure('aloft_otlp_exported_total', 'What the collector took.', 'exported'),
      figure('aloft_otlp_dropped_total', 'What it did not take in time, or refused.', 'dropped'),
      figure('aloft_otlp_waiting', 'What waits to be exported.', 'waiting'),
    ],
    stop: async () => {
      await Promise.all([logs.stop(), spans.stop()])
    },
  }

  function figure(name: string, help: string, of: 'exported' | 'dropped' | 'waiting'): Figure {
    const samples = [
      { labels: { signal: 'logs' }, value: logs.figures()[of] },
      { labels: { signal: 'traces' }, value: spans.figures()[of] },
    ]
    return { name, help, type: of === 'waiting' ? 'gauge' : 'counter', samples }
  }
}

/** A batch that came again is told again: its records carry the same `aloft.event.id`. */
function recordsOf({ batches, outcomes }: Commit): LogRecord[] {
  return batches.flatMap(({ agentId, siteId, epoch, events, clock, receivedAtMs }, i) =>
    outcomes[i]?.kind !== 'held'
      ? []
      : events.map((event) => {
          const occurredAtMs = event.at.wallMs + (clock?.offsetMs ?? 0)
          return { agentId, siteId, epoch, event, occurredAtMs, receivedAtMs }
        }),
  )
}

function ingestSpan({ batches, beganAtMs, committedAtMs }: Commit): Span {
  return {
    traceId: randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    parentSpanId: null,
    name: 'ingest',
    kind: 'internal',
    startMs: beganAtMs,
    endMs: committedAtMs,
    failed: false,
    attributes: {
      'aloft.ingest.batches': batches.length,
      'aloft.ingest.events': batches.reduce((sum, { events }) => sum + events.length, 0),
      'aloft.ingest.agents': new Set(batches.map(({ agentId }) => agentId)).size,
    },
  }
}

function requestSpan({
  method,
  route,
  status,
  requestId,
  traceparent,
  startMs,
  endMs,
}: AnsweredRequest): Span {
  const [, traceId, parentSpanId] =
    /^00-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-[\da-f]{2}$/.exec(traceparent ?? '') ?? []
  return {
    traceId: traceId ?? randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    parentSpanId: parentSpanId ?? null,
    name: `${method} ${route}`,
    kind: 'server',
    startMs,
    endMs,
    failed: status >= 500,
    attributes: {
      'http.request.method': method,
      'http.route': route,
      'http.response.status_code': status,
      'aloft.request.id': requestId,
    },
  }
}
