/** OTLP 1.x in the JSON mapping of its protobuf: 64-bit numbers are text, ids are hexadecimal, names are lowerCamelCase. */
import type { SpooledEvent } from '@aloft/shared/protocol/events'

type Scalar = string | number | boolean

export interface LogRecord {
  readonly agentId: string
  readonly siteId: string
  readonly epoch: string
  readonly event: SpooledEvent
  /** By the centre's clock, as far as the clocks are known. */
  readonly occurredAtMs: number
  readonly receivedAtMs: number
}

export interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | null
  readonly name: string
  readonly kind: 'server' | 'internal'
  readonly startMs: number
  readonly endMs: number
  readonly failed: boolean
  readonly attributes: Readonly<Record<string, Scalar>>
}

export interface Resource {
  readonly replica: string
  readonly version: string
}

export function encodeLogs(resource: Resource, records: readonly LogRecord[]): object {
  return {
    resourceLogs: [
      { resource: resourceOf(resource), scopeLogs: [{ scope: SCOPE, logRecords: records.map(logRecord) }] },
    ],
  }
}

export function encodeSpans(resource: Resource, spans: readonly Span[]): object {
  return {
    resourceSpans: [
      { resource: resourceOf(resource), scopeSpans: [{ scope: SCOPE, spans: spans.map(spanOf) }] },
    ],
  }
}

const SCOPE = { name: 'aloft.control-plane' }

function resourceOf({ replica, version }: Resource): object {
  const attributes = { 'service.name': 'aloft', 'service.version': version, 'service.instance.id': replica }
  return { attributes: attributesOf(attributes) }
}

/** Severity numbers of the log data model: INFO, and WARN for what should not be. */
const WARNINGS: ReadonlySet<SpooledEvent['body']['kind']> = new Set([
  'protocol-error',
  'false-alarm',
  'gap',
  'stall',
  'notification-failed',
  'holding-lost',
  'holding-refused',
])

function logRecord({ agentId, siteId, epoch, event, occurredAtMs, receivedAtMs }: LogRecord): object {
  const { seq, body } = event
  const warns = WARNINGS.has(body.kind)
  const scalars = Object.entries(body).filter((entry): entry is [string, Scalar] => isScalar(entry[1]))
  const own = Object.fromEntries(scalars.map(([key, value]) => [`aloft.event.${snake(key)}`, value]))
  return {
    timeUnixNano: nanoseconds(occurredAtMs),
    observedTimeUnixNano: nanoseconds(receivedAtMs),
    severityNumber: warns ? 13 : 9,
    severityText: warns ? 'WARN' : 'INFO',
    eventName: `aloft.${body.kind}`,
    body: { stringValue: JSON.stringify(body) },
    attributes: attributesOf({
      'aloft.event.id': `${agentId}/${epoch}/${seq}`,
      'aloft.agent.id': agentId,
      'aloft.site.id': siteId,
      ...own,
    }),
  }
}

/** SPAN_KIND_INTERNAL and SPAN_KIND_SERVER; STATUS_CODE_UNSET and STATUS_CODE_ERROR. */
function spanOf({ kind, failed, startMs, endMs, attributes, parentSpanId, ...span }: Span): object {
  return {
    ...span,
    ...(parentSpanId === null ? {} : { parentSpanId }),
    kind: kind === 'server' ? 2 : 1,
    startTimeUnixNano: nanoseconds(startMs),
    endTimeUnixNano: nanoseconds(endMs),
    attributes: attributesOf(attributes),
    status: { code: failed ? 2 : 0 },
  }
}

function attributesOf(attributes: Readonly<Record<string, Scalar>>): object[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }))
}

function anyValue(value: Scalar): object {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value }
}

/** fixed64 as text. A double of milliseconds has some hundred nanoseconds to spare, which are not made up here. */
function nanoseconds(ms: number): string {
  return String(BigInt(Math.max(0, Math.round(ms * 1_000))) * 1_000n)
}

function isScalar(value: unknown): value is Scalar {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)
}

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
