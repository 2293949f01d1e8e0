import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readMessages, type StreamMessage } from './server-sent-events.ts'

async function read(chunks: readonly (string | Uint8Array)[]): Promise<StreamMessage[]> {
  const encoder = new TextEncoder()
  async function* body() {
    for (const chunk of chunks) yield typeof chunk === 'string' ? encoder.encode(chunk) : chunk
  }
  const messages: StreamMessage[] = []
  for await (const message of readMessages(body())) messages.push(message)
  return messages
}

describe('an event stream', () => {
  it('has messages with event, id and data; comments and unknown fields are passed over', async () => {
    expect(await read([': hello\n\nevent: a\nid: 1\nretry: 5\ndata: x\ndata:y\n\ndata:  z\n\n'])).toEqual([
      { id: '1', event: 'a', data: 'x\ny' },
      { id: '1', event: 'message', data: ' z' },
    ])
  })

  it('hands on no message that is cut short', async () => {
    expect(await read(['data: whole\n\ndata: half\n'])).toEqual([
      { id: null, event: 'message', data: 'whole' },
    ])
  })

  it('means the same however it is cut into chunks, with either line end', async () => {
    const text = 'event: event\nid: 7.1\ndata: {"name":"Grüße ∞"}\n\n: ping\n\nid: 8\ndata: b\n\n'
    const whole = await read([text])
    expect(whole).toHaveLength(2)
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(120), { maxLength: 8 }), fc.boolean(), async (cuts, crlf) => {
        const bytes = new TextEncoder().encode(crlf ? text.replaceAll('\n', '\r\n') : text)
        const edges = [0, ...cuts.sort((a, b) => a - b), bytes.length]
        const chunks = edges.slice(1).map((end, i) => bytes.subarray(edges[i], end))
        expect(await read(chunks)).toEqual(whole)
      }),
    )
  })

  it('with a line that never ends is refused', async () => {
    await expect(read(Array(5).fill('x'.repeat(1_048_576)))).rejects.toThrow(
      'a line of the stream has no end',
    )
  })
})
