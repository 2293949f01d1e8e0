/** An OpenTelemetry collector for tests, as strict as the protocol's JSON mapping: what it does not know it refuses. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'

const Nanoseconds = z.string().regex(/^\d{1,20}$/)
const AnyValue = z.union([
  z.strictObject({ stringValue: z.string() }),
  z.strictObject({ boolValue: z.boolean() }),
  z.strictObject({ intValue: z.string().regex(/^-?\d+$/) }),
  z.strictObject({ doubleValue: z.number() }),
])
const Attributes = z
  .array(z.strictObject({ key: z.string().min(1), value: AnyValue }))
  .refine((list) => new Set(list.map(({ key }) => key)).size === list.length, 'a key comes twice')
const Resource = z.strictObject({ attributes: Attributes })
const Scope = z.strictObject({ name: z.string().min(1) })

const LogRecord = z.strictObject({
  timeUnixNano: Nanoseconds,
  observedTimeUnixNano: Nanoseconds,
  severityNumber: z.int().min(1).max(24),
  severityText: z.string(),
  eventName: z.string(),
  body: AnyValue,
  attributes: Attributes,
})
export type ReceivedLog = z.infer<typeof LogRecord>

const Span = z.strictObject({
  traceId: z.string().regex(/^(?!0+$)[\da-f]{32}$/),
  spanId: z.string().regex(/^(?!0+$)[\da-f]{16}$/),
  parentSpanId: z
    .string()
    .regex(/^(?!0+$)[\da-f]{16}$/)
    .optional(),
  name: z.string().min(1),
  kind: z.int().min(1).max(5),
  startTimeUnixNano: Nanoseconds,
  endTimeUnixNano: Nanoseconds,
  attributes: Attributes,
  status: z.strictObject({ code: z.int().min(0).max(2) }),
})
export type ReceivedSpan = z.infer<typeof Span>

const Logs = z.strictObject({
  resourceLogs: z.array(
    z.strictObject({
      resource: Resource,
      scopeLogs: z.array(z.strictObject({ scope: Scope, logRecords: z.array(LogRecord).min(1) })),
    }),
  ),
})
const Traces = z.strictObject({
  resourceSpans: z.array(
    z.strictObject({
      resource: Resource,
      scopeSpans: z.array(z.strictObject({ scope: Scope, spans: z.array(Span).min(1) })),
    }),
  ),
})

export interface TestCollector {
  readonly endpoint: string
  readonly logs: ReceivedLog[]
  readonly spans: ReceivedSpan[]
  readonly resources: z.infer<typeof Resource>[]
  readonly headers: Record<string, unknown>[]
  readonly batches: number[]
  /** What did not match. */
  readonly faults: string[]
  /** Answers so instead of taking anything; `hang` never answers. */
  mood: 'good' | 'hang' | number
  stop(): Promise<void>
}

export async function startTestCollector(): Promise<TestCollector> {
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      if (collector.mood === 'hang') return
      if (collector.mood !== 'good') return void response.writeHead(collector.mood).end()
      const status = take(
        collector,
        { path: request.url ?? '', headers: request.headers },
        Buffer.concat(chunks),
      )
      response.writeHead(status, { 'content-type': 'application/json' }).end('{"partialSuccess":{}}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const collector: TestCollector = {
    endpoint: `http://127.0.0.1:${port}`,
    ...{ logs: [], spans: [], resources: [], headers: [], batches: [], faults: [], mood: 'good' },
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return collector
}

function take(
  collector: TestCollector,
  { path, headers }: { readonly path: string; readonly headers: Record<string, unknown> },
  body: Buffer,
): number {
  collector.headers.push(headers)
  try {
    if (headers['content-type'] !== 'application/json') throw new Error('not application/json')
    const value: unknown = JSON.parse(body.toString())
    if (path === '/v1/logs') {
      for (const { resource, scopeLogs } of Logs.parse(value).resourceLogs) {
        collector.resources.push(resource)
        for (const { logRecords } of scopeLogs) {
          collector.batches.push(logRecords.length)
          collector.logs.push(...logRecords)
        }
      }
    } else if (path === '/v1/traces') {
      for (const { resource, scopeSpans } of Traces.parse(value).resourceSpans) {
        collector.resources.push(resource)
        for (const { spans } of scopeSpans) collector.spans.push(...spans)
      }
    } else throw new Error(`nothing at ${path}`)
    return 200
  } catch (error) {
    collector.faults.push(String(error))
    return 400
  }
}
