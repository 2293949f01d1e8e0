/** Reads `GET /api/v1/stream` (SSE) the plain way, as a script would. */
import type { DemoRun } from './demo-run.ts'

export interface StreamMessage {
  readonly id: string
  readonly event: string
  readonly data: unknown
}

/** Pushes every message into `into` until the returned function is called. Resolves once the stream has said hello. */
export async function followStream(
  { url, token }: Pick<DemoRun, 'url' | 'token'>,
  into: StreamMessage[],
): Promise<() => void> {
  const abort = new AbortController()
  const response = await fetch(`${url}/api/v1/stream`, {
    headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' },
    signal: abort.signal,
  })
  if (!response.ok || response.body === null) throw new Error(`the stream answered HTTP ${response.status}`)
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  const readOn = async (): Promise<void> => {
    for (;;) {
      const { value, done } = await reader.read()
      if (done) return
      const parts = (rest + value).split('\n\n')
      rest = parts.pop() ?? ''
      into.push(...parts.map(parseMessage).filter((message) => message !== null))
    }
  }
  const reading = readOn().catch(() => {})
  await Promise.race([reading, waitForHello(into)])
  return () => abort.abort()
}

async function waitForHello(messages: readonly StreamMessage[]): Promise<void> {
  while (!messages.some(({ event }) => event === 'hello'))
    await new Promise((resolve) => setTimeout(resolve, 10))
}

function parseMessage(text: string): StreamMessage | null {
  const fields = new Map<string, string>()
  for (const line of text.split('\n')) {
    const at = line.indexOf(':')
    if (at > 0) fields.set(line.slice(0, at), line.slice(at + 1).trimStart())
  }
  const data = fields.get('data')
  return data === undefined
    ? null
    : { id: fields.get('id') ?? '', event: fields.get('event') ?? 'message', data: JSON.parse(data) }
}
