/** `--metrics-listen HOST:PORT`: `/metrics`, `/healthz` and `/readyz` of the local agent, for Prometheus and probes. */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { EXPOSITION_CONTENT_TYPE, formatMetrics } from '@aloft/shared/metrics/exposition'
import { agentFigures } from './agent-figures.ts'
import type { AgentStatus } from './status-contract.ts'

export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/** Reads `HOST:PORT` or `[IPv6]:PORT`; null for anything else. */
export function parseListenAddress(text: string): ListenAddress | null {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:\s]+)):(\d{1,5})$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  return host === undefined || port > 65_535 ? null : { host, port }
}

/** Rejects when the address cannot be listened on. Answers nothing but three GETs, and holds nothing to change. */
export async function serveMetrics(
  { host, port }: ListenAddress,
  read: () => Promise<AgentStatus>,
): Promise<{ readonly port: number; close(): void }> {
  const server = createServer((request, response) => {
    answer(request.url ?? '/', response, read).catch(() =>
      send(response, 503, 'the status could not be read\n'),
    )
  })
  server.maxConnections = 32
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  // A TCP server's address is never a string: that is a unix socket's.
  const { port: boundPort } = server.address() as AddressInfo
  return { port: boundPort, close: () => void server.close() }
}

async function answer(
  url: string,
  response: ServerResponse,
  read: () => Promise<AgentStatus>,
): Promise<void> {
  const path = url.split('?')[0]
  if (path === '/healthz') return send(response, 200, 'ok\n')
  if (path === '/metrics')
    return send(response, 200, formatMetrics(agentFigures(await read())), EXPOSITION_CONTENT_TYPE)
  if (path !== '/readyz') return send(response, 404, 'this agent answers /metrics, /healthz and /readyz\n')
  const unready = whyUnready(await read())
  return unready === null ? send(response, 200, 'ready\n') : send(response, 503, `${unready}\n`)
}

/** Ready: a router runs, and runs what the config file asks for. The control plane plays no part in it. */
export function whyUnready({ agent, router }: AgentStatus): string | null {
  if (router === null) return 'the router process does not answer'
  if (agent.config.refused !== null) return `the config file is refused: ${agent.config.refused}`
  if (router.revision !== agent.config.revision)
    return `the router runs revision ${router.revision}, not ${agent.config.revision}`
  return null
}

function send(
  response: ServerResponse,
  status: number,
  body: string,
  contentType = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' }).end(body)
}
