import type { ServerOptions } from 'node:http'

/**
 * What a connection may take of the server. Whoever sends a header or a body a byte at a time is cut off with 408; a
 * connection that was upgraded (agents) is the gateway's to watch.
 */
export interface ServerLimits {
  /** From the first byte to the end of the headers. */
  readonly headersMs: number
  /** From the first byte to the end of the body. */
  readonly requestMs: number
  /** Between two requests; longer than what balancers keep idle connections for, so that they end them, not we. */
  readonly idleMs: number
}

export const SERVER_LIMITS: ServerLimits = { headersMs: 10_000, requestMs: 30_000, idleMs: 75_000 }

const HEADER_BYTES_MAX = 16 * 1024

export function limitedServer({ headersMs, requestMs, idleMs }: ServerLimits): ServerOptions {
  return {
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    keepAliveTimeout: idleMs,
    maxHeaderSize: HEADER_BYTES_MAX,
    // How often Node looks; a limit is kept to this.
    connectionsCheckingInterval: Math.min(1_000, headersMs),
  }
}
