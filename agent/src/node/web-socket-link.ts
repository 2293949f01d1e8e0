/** One WebSocket connection to the control plane, over TCP, TLS or a unix socket. */
import { connect } from 'node:net'
import { CloseCode } from '@aloft/shared/protocol/close-codes'
import { FRAME_BYTES_MAX, SUBPROTOCOL } from '@aloft/shared/protocol/version'
import WebSocket from 'ws'
import type { Link, LinkListener } from '../session/link.ts'
import { type CentreAddress, endpoint } from './centre-address.ts'

const HANDSHAKE_MS = 15_000
/** How long the other end may take to answer a close. */
const CLOSE_MS = 2_000
/** RFC 6455 §7.1.5: what a connection that ended without a close frame has for a code. */
export const ABNORMAL = 1006

export function dialWebSocket(address: CentreAddress, listener: LinkListener): Link {
  const url = endpoint(address, '/agent/v1/connect')
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  const socket = new WebSocket(url, [SUBPROTOCOL], {
    perMessageDeflate: false,
    maxPayload: FRAME_BYTES_MAX,
    handshakeTimeout: HANDSHAKE_MS,
    ...(address.kind === 'unix' && { createConnection: () => connect(address.path) }),
  })
  let isOver = false
  let error: string | null = null
  const over = (code: number, reason: string, retryAfterMs: number | null = null) => {
    if (isOver) return
    isOver = true
    listener.closed(code, reason, retryAfterMs)
  }
  socket.on('open', () => {
    if (!isOver) listener.opened()
  })
  socket.on('message', (data, isBinary) => {
    // A binary message is no frame of this protocol; as empty text it is refused like any other nonsense.
    if (!isOver) listener.message(isBinary ? '' : data.toString())
  })
  socket.on('ping', () => {
    if (!isOver) listener.alive()
  })
  socket.on('error', (cause) => {
    error = describe(cause)
  })
  socket.on('unexpected-response', (request, response) => {
    const { statusCode = 0, headers } = response
    request.destroy()
    const code = statusCode === 401 || statusCode === 403 ? CloseCode.unauthorised : ABNORMAL
    over(
      code,
      `the centre answered ${statusCode} instead of a WebSocket`,
      retryAfterMs(headers['retry-after']),
    )
  })
  socket.on('close', (code, reason) => over(code, error ?? (reason.toString() || `closed with code ${code}`)))
  return {
    send: (text) => socket.send(text, () => {}),
    close: (code, reason) => {
      isOver = true
      socket.close(code, reason.replace(/[^\x20-\x7e]/g, '?').slice(0, 123))
      setTimeout(() => socket.terminate(), CLOSE_MS).unref()
    },
    welcomed: () => {},
  }
}

/** RFC 9110 §10.2.3; the form with a date is not used by anything we speak to. */
export function retryAfterMs(header: string | undefined): number | null {
  return header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) * 1_000 : null
}

/** A failed connect to a name with several addresses is an AggregateError without a message of its own. */
export function describe(error: Error): string {
  const causes: readonly unknown[] = error instanceof AggregateError ? error.errors : []
  return error.message || causes.map(String).join('; ') || error.name
}
