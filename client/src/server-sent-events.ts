/** One message of an event stream (WHATWG HTML §9.2.6): `id` is null where none was ever sent. */
export interface StreamMessage {
  readonly id: string | null
  readonly event: string
  readonly data: string
}

/** A stream that never ends a line is not an event stream. */
const LINE_LENGTH_MAX = 4 * 1_048_576

/** Reads the messages of an event stream as they arrive; comments, such as keep-alives, are skipped. */
export async function* readMessages(body: AsyncIterable<Uint8Array>): AsyncGenerator<StreamMessage> {
  let id: string | null = null
  let event = ''
  let data: string[] = []
  for await (const line of readLines(body)) {
    if (line === '') {
      if (data.length > 0) yield { id, event: event === '' ? 'message' : event, data: data.join('\n') }
      event = ''
      data = []
      continue
    }
    const [, field = '', value = ''] = /^([^:]*)(?::\x20?(.*))?$/s.exec(line) ?? []
    if (field === 'data') data.push(value)
    else if (field === 'event') event = value
    else if (field === 'id' && !value.includes('\0')) id = value
  }
}

/** Lines end in LF, CRLF or CR; a CR at the end of a chunk waits for the LF that may follow it. */
async function* readLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let pending = ''
  for await (const chunk of body) {
    pending += decoder.decode(chunk, { stream: true })
    const lines = pending.split(/\r\n|\n|\r(?!$)/)
    pending = lines.pop() ?? ''
    if (pending.length > LINE_LENGTH_MAX) throw new RangeError('a line of the stream has no end')
    yield* lines
  }
}
