import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { FRAME_BYTES_MAX, SUBPROTOCOL } from '@aloft/shared/protocol/version'
import { type RawData, type WebSocket, WebSocketServer } from 'ws'
import type { Line } from './connection.ts'

export const CONNECT_PATH = '/agent/v1/connect'

/** The receiving half of a socket, once it is open. */
export interface Listener {
  hear(text: string): void
  hearMalformed(reason: string): void
  /** The socket is being closed because of what came: too big a frame (1009), bad UTF-8 (1007), no WebSocket frame. */
  broken(why: string): void
  gone(): void
}

export interface SocketOptions {
  /** Whether one more connection may be taken; otherwise 503 and a Retry-After. */
  room(): boolean
  retryAfterS(): number
  open(line: Line): Listener
}

/** From our close frame to the end of a socket whose peer does not answer it. */
const CLOSE_GRACE_MS = 2_000

/**
 * Answers upgrade requests for `GET /agent/v1/connect` on any number of HTTP servers, TCP or unix: subprotocol
 * `aloft.v1`, frames of at most `FRAME_BYTES_MAX`, no compression (it costs 25 KB a socket and the batches are small).
 */
export function acceptSockets(options: SocketOptions) {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: FRAME_BYTES_MAX,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  })
  return (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const { room, retryAfterS } = options
    if (!offers(request, SUBPROTOCOL))
      refuse(socket, '400 Bad Request', `the subprotocol ${SUBPROTOCOL} is required`)
    else if (!room())
      refuse(socket, '503 Service Unavailable', 'too many agents on this replica', retryAfterS())
    else server.handleUpgrade(request, socket, head, (webSocket) => attach(webSocket, options))
  }
}

function attach(webSocket: WebSocket, { open }: SocketOptions): void {
  const listener = open(new SocketLine(webSocket))
  // An error is always followed by close: ws itself closes what it cannot read, without a reason.
  webSocket.on('error', (error) => {
    // A connection that was reset is an end like any other.
    if ('code' in error && String(error.code).startsWith('WS_ERR_')) listener.broken(error.message)
  })
  webSocket.on('message', (data, isBinary) => {
    if (isBinary) listener.hearMalformed('binary')
    else listener.hear(textOf(data))
  })
  webSocket.on('close', () => listener.gone())
}

/** A class, because five closures for each of thousands of sockets are half a kilobyte each. */
class SocketLine implements Line {
  readonly #webSocket: WebSocket

  constructor(webSocket: WebSocket) {
    this.#webSocket = webSocket
  }

  send(text: string): void {
    if (this.#webSocket.readyState === this.#webSocket.OPEN) this.#webSocket.send(text)
  }

  close(code: number, reason: string): void {
    const webSocket = this.#webSocket
    // A paused socket would never read the peer's close frame.
    webSocket.resume()
    webSocket.close(code, reason)
    const timer = setTimeout(() => webSocket.terminate(), CLOSE_GRACE_MS)
    webSocket.once('close', () => clearTimeout(timer))
  }

  pause(): void {
    this.#webSocket.pause()
  }

  resume(): void {
    this.#webSocket.resume()
  }

  bufferedBytes(): number {
    return this.#webSocket.bufferedAmount
  }
}

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString()
  return Buffer.isBuffer(data) ? data.toString() : Buffer.from(data).toString()
}

function offers(request: IncomingMessage, protocol: string): boolean {
  const offered = request.headers['sec-websocket-protocol'] ?? ''
  return offered.split(',').some((name) => name.trim() === protocol)
}

function refuse(socket: Duplex, status: string, detail: string, retryAfterS?: number): void {
  const [code] = status.split(' ')
  const body = JSON.stringify({ type: 'about:blank', title: status.slice(4), status: Number(code), detail })
  const head = [
    `HTTP/1.1 ${status}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(retryAfterS === undefined ? [] : [`Retry-After: ${retryAfterS}`]),
    'Connection: close',
  ]
  socket.on('error', () => {})
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
