/** One WebSocket connection to the control plane, over TCP, TLS or a unix socket. */
import { connect } from 'node:net'
import { CloseCode } from '@aloft/shared/protocol/close-codes'
import { FRAME_BYTES_MAX, SUBPROTOCOL } from '@aloft/shared/protocol/version'
import WebSocket from 'ws'
import type { Link, LinkListener } from '../session/link.ts'
import type { Evidence } from '../session/ways.ts'
import { type CentreAddress, endpoint } from './centre-address.ts'

const HANDSHAKE_MS = 15_000
/** How long the other end may take to answer a close. */
const CLOSE_MS = 2_000
/** RFC 6455 §7.1.5: what a connection that ended without a close frame has for a code. */
export const ABNORMAL = 1006

/** `note` hears what the end says of the way to the centre, just before the listener hears of the end. */
export function dialWebSocket(
  address: CentreAddress,
  listener: LinkListener,
  note: (evidence: Evidence) => void = () => {},
  handshakeMs = HANDSHAKE_MS,
): Link {
  const url = endpoint(address, '/agent/v1/connect')
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  const socket = new WebSocket(url, [SUBPROTOCOL], {
    perMessageDeflate: false,
    maxPayload: FRAME_BYTES_MAX,
    handshakeTimeout: handshakeMs,
    ...(address.kind === 'unix' && { createConnection: () => connect(address.path) }),
  })
  let isOver = false
  let isOpen = false
  let error: string | null = null
  let failure: Evidence = 'cut'
  const over = (code: number, reason: string, retryAfterMs: number | null = null) => {
    if (isOver) return
    isOver = true
    listener.closed(code, reason, retryAfterMs)
  }
  socket.on('open', () => {
    isOpen = true
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
    if (!isOpen) failure = evidenceOf(cause)
  })
  socket.on('unexpected-response', (request, response) => {
    const { statusCode = 0, headers } = response
    request.destroy()
    note(statusCode === 429 || statusCode === 503 ? 'busy' : 'refused')
    const code = statusCode === 401 || statusCode === 403 ? CloseCode.unauthorised : ABNORMAL
    over(
      code,
      `the centre answered ${statusCode} instead of a WebSocket`,
      retryAfterMs(headers['retry-after']),
    )
  })
  socket.on('close', (code, reason) => {
    if (!isOver) note(code === ABNORMAL ? failure : 'told')
    over(code, error ?? (reason.toString() || `closed with code ${code}`))
  })
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

/** Of an upgrade that failed without an HTTP status. */
function evidenceOf(cause: Error): Evidence {
  if (cause.message === 'Opening handshake has timed out') return 'swallowed'
  const causes = cause instanceof AggregateError ? cause.errors : [cause]
  const codes = causes.map((each) => (each instanceof Error && 'code' in each ? String(each.code) : null))
  // Closed in our face: by a centre that dies, or by something on the way that does not like upgrades.
  if (codes.includes('ECONNRESET') || cause.message === 'socket hang up') return 'cut'
  // A system call or TLS failed; without a code it was ws that did not like the answer.
  return codes.some((code) => code !== null && !code.startsWith('WS_ERR')) ? 'unreachable' : 'refused'
}

/**
 * RFC 9110 §10.2.3; the form with a date is not used by anything we speak to. Zero says nothing of when: whoever obeyed
 * it would ask as fast as it is refused.
 */
export function retryAfterMs(header: string | undefined): number | null {
  return header !== undefined && /^0*[1-9]\d{0,5}$/.test(header) ? Number(header) * 1_000 : null
}

/** A failed connect to a name with several addresses is an AggregateError without a message of its own. */
export function describe(error: Error): string {
  const causes: readonly unknown[] = error instanceof AggregateError ? error.errors : []
  return error.message || causes.map(String).join('; ') || error.name
}
