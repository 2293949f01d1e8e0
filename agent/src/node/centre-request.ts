/** One POST to the control plane, over TCP, TLS or a unix socket. */
import http from 'node:http'
import https from 'node:https'
import { type CentreAddress, endpoint } from './centre-address.ts'

export interface CentreRequest {
  readonly path: string
  /** JSON. */
  readonly body: string
  readonly answerBytesMax: number
  readonly signal: AbortSignal
  /** Keeps connections for the next request; without one each request has its own. */
  readonly agent?: http.Agent
}

export interface CentreAnswer {
  readonly status: number
  readonly text: string
  readonly retryAfter: string | undefined
}

/** The request went out on a connection that the other end had just given up: it is safe to repeat what may be repeated. */
export class StaleConnection extends Error {
  override readonly name = 'StaleConnection'
}

export function postToCentre(address: CentreAddress, request: CentreRequest): Promise<CentreAnswer> {
  const url = endpoint(address, request.path)
  const { body, answerBytesMax, signal, agent } = request
  return new Promise((resolve, reject) => {
    const sent = (url.protocol === 'https:' ? https : http).request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      signal,
      ...(agent && { agent }),
      ...(address.kind === 'unix' && { socketPath: address.path }),
    })
    let answered = false
    sent.on('error', (error) =>
      reject(sent.reusedSocket && !answered && !signal.aborted ? new StaleConnection(error.message) : error),
    )
    sent.on('response', (response) => {
      answered = true
      const chunks: Buffer[] = []
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        bytes += chunk.length
        if (bytes > answerBytesMax) sent.destroy(new Error('the answer is too long'))
      })
      response.on('error', reject)
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          text: Buffer.concat(chunks).toString(),
          retryAfter: response.headers['retry-after'],
        }),
      )
    })
    sent.end(body)
  })
}

/** A connection pool of one link. */
export function keptConnections(address: CentreAddress): http.Agent {
  const isTls = address.kind === 'tcp' && address.url.protocol === 'https:'
  return new (isTls ? https : http).Agent({ keepAlive: true, maxSockets: 2 })
}
