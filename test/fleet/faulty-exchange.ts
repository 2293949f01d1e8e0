/** A way to the centre's exchange that does to requests what proxies, portals and dying processes do to them. */
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { ExchangeRequest } from '@aloft/shared/protocol/exchange'

/** What a request is for. */
export type Errand = 'open' | 'hello' | 'turn' | 'hold' | 'farewell'

interface Asked {
  readonly errand: Errand
  readonly body: string
  readonly response: ServerResponse
  readonly socket: Socket
  /** The centre takes the request. */
  readonly forward: () => Promise<{ readonly status: number; readonly text: string }>
  /** Of the request before it that was answered. */
  readonly before: string | null
}

export type Fault = (asked: Asked) => void | Promise<void>

export interface FaultyExchange {
  readonly url: string
  fault: { readonly on: Errand; readonly does: Fault } | null
  readonly asked: Errand[]
  /** Requests that followed a redirection. */
  strays: number
  connections(): number
  close(): Promise<void>
}

export async function startFaultyExchange(port: number): Promise<FaultyExchange> {
  const sockets = new Set<Socket>()
  let before: string | null = null
  const server = http.createServer((request, response) => {
    relay(request, response).catch(() => response.destroy())
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  const relay = async (request: IncomingMessage, response: ServerResponse) => {
    response.on('error', () => {})
    const body = (await request.toArray()).join('')
    if (request.url !== '/agent/v1/exchange') {
      exchange.strays += 1
      return void response.writeHead(404).end()
    }
    const errand = errandOf(body)
    exchange.asked.push(errand)
    const forward = async () => {
      const answer = await fetch(`http://127.0.0.1:${port}${request.url}`, { method: 'POST', body })
      return { status: answer.status, text: await answer.text() }
    }
    const { fault } = exchange
    if (fault?.on === errand)
      return fault.does({ errand, body, response, socket: request.socket, forward, before })
    const { status, text } = await forward()
    if (errand !== 'hold') before = text
    answerWith(response, status, text)
  }
  const exchange: FaultyExchange = {
    url: '',
    fault: null,
    asked: [],
    strays: 0,
    connections: () => sockets.size,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address() as AddressInfo
  return Object.assign(exchange, { url: `http://127.0.0.1:${address.port}` })
}

function errandOf(body: string): Errand {
  const { session, frames, close } = ExchangeRequest.parse(JSON.parse(body))
  if (session === null) return 'open'
  if (close) return 'farewell'
  const [first] = frames as readonly { readonly kind?: string }[]
  return first === undefined ? 'hold' : first.kind === 'hello' ? 'hello' : 'turn'
}

function answerWith(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(text)
}

const says =
  (status: number, headers: Readonly<Record<string, string>> = {}, text = '<html>No.</html>'): Fault =>
  ({ response }) =>
    void response.writeHead(status, { 'content-type': 'text/html', ...headers }).end(text)

/** How much is sent of an answer without an end, for as long as somebody reads it. */
const CHUNK = 'x'.repeat(256 * 1024)

export const FAULTS = {
  'answers 400': says(400),
  'answers 401': says(401),
  'answers 403': says(403),
  'answers 404': says(404),
  'answers 409': says(409),
  'answers 413': says(413),
  'answers 429': says(429, { 'retry-after': '1' }),
  'answers 500': says(500),
  'answers 502': says(502),
  'answers 503': says(503, { 'retry-after': '1' }),
  'answers 503 and does not say until when': says(503),
  'answers 503 until now': says(503, { 'retry-after': '0' }),
  'answers 204': ({ response }) => void response.writeHead(204).end(),
  'redirects elsewhere': says(307, { location: '/agent/v1/elsewhere' }),
  'shows a page to sign in': says(200),
  'shows JSON of its own': says(200, { 'content-type': 'application/json' }, '{"status":"ok"}'),
  'resets the connection': ({ socket }) => void socket.resetAndDestroy(),
  'closes the connection': ({ socket }) => void socket.destroy(),
  'speaks no HTTP': ({ socket }) => void socket.end('SSH-2.0-OpenSSH_9.2\r\n'),
  'loses the answer': async ({ forward, socket }) => {
    await forward()
    socket.resetAndDestroy()
  },
  'cuts the answer in the middle': async ({ forward, response, socket }) => {
    const { text } = await forward()
    response.writeHead(200, { 'content-length': String(Buffer.byteLength(text)) })
    response.write(text.slice(0, text.length / 2), () => socket.destroy())
  },
  'ends the answer in the middle': async ({ forward, response }) => {
    const { text } = await forward()
    answerWith(response, 200, text.slice(0, text.length / 2))
  },
  'never stops answering': ({ response }) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    const timer = setInterval(() => {
      if (response.destroyed) clearInterval(timer)
      else response.write(CHUNK)
    }, 10)
  },
  'never answers': () => {},
  'carries it out and never answers': async ({ forward }) => void (await forward()),
  'answers a byte at a time': async ({ forward, response }) => {
    const { text } = await forward()
    response.writeHead(200, { 'content-length': String(Buffer.byteLength(text)) })
    let at = 0
    const timer = setInterval(() => {
      if (response.destroyed) clearInterval(timer)
      else response.write(text.slice(at, ++at))
    }, 100)
  },
  'carries it out twice': async ({ forward, response }) => {
    await forward()
    const { status, text } = await forward()
    answerWith(response, status, text)
  },
  'gives the answer before it': ({ response, before }) => answerWith(response, 200, before ?? '{}'),
} satisfies Record<string, Fault>

export type FaultName = keyof typeof FAULTS

/** Lets no request through that is larger. */
export const narrow =
  (bytesMax: number): Fault =>
  async ({ body, response, forward }) => {
    if (Buffer.byteLength(body) > bytesMax) return void response.writeHead(413).end('<html>Too large.</html>')
    const { status, text } = await forward()
    answerWith(response, status, text)
  }
