/** A proxy between an agent and its centre, under a path of its own, that does to WebSockets what proxies do. */
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import net, { type AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'

/** `cut`: no answer, and the connection closed; `cut after hello`: just before the welcome. */
export type UpgradeFate = 'pass' | 'swallow' | 'cut' | 'cut after hello' | 400 | 502

/** `lose turn`: the centre never sees it; `lose answer`: the centre has taken it. */
export interface Middlebox {
  /** With the path. */
  readonly url: string
  upgradeFate: UpgradeFate
  /** Paths that a WebSocket was asked for at, in order. */
  readonly upgrades: string[]
  close(): Promise<void>
}

interface Rig {
  readonly box: Middlebox
  readonly port: number
  readonly prefix: string
  readonly sockets: Set<Duplex>
}

export async function startMiddlebox(port: number, prefix: string): Promise<Middlebox> {
  const sockets = new Set<Duplex>()
  const server = http.createServer((request, response) => void relay(rig, request, response))
  const box: Middlebox = {
    url: '',
    upgradeFate: 'pass',
    upgrades: [],
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  const rig: Rig = { box, port, prefix, sockets }
  server.on('upgrade', (request, socket, head) => upgrade(rig, request, { socket, head }))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address() as AddressInfo
  return Object.assign(box, { url: `http://127.0.0.1:${address.port}${prefix}` })
}

/** The path behind the prefix; null: this proxy has nothing there. */
function inner({ prefix }: Rig, { url = '' }: IncomingMessage): string | null {
  return url.startsWith(`${prefix}/`) ? url.slice(prefix.length) : null
}

function upgrade(rig: Rig, request: IncomingMessage, client: { socket: Duplex; head: Buffer }): void {
  const { box, sockets, port } = rig
  const { socket, head } = client
  box.upgrades.push(request.url ?? '')
  sockets.add(socket)
  socket.on('error', () => {})
  const path = inner(rig, request)
  const fate = path === null ? 400 : box.upgradeFate
  if (fate === 'swallow') return
  if (fate === 'cut') return void socket.destroy()
  if (typeof fate === 'number')
    return void socket.end(`HTTP/1.1 ${fate} No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
  const upstream = net.connect(port, '127.0.0.1')
  sockets.add(upstream)
  upstream.on('error', () => socket.destroy())
  upstream.on('close', () => socket.destroy())
  socket.on('close', () => upstream.destroy())
  const lines = request.rawHeaders.map((text, i) => (i % 2 === 0 ? `${text}: ` : `${text}\r\n`))
  upstream.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`)
  upstream.write(head)
  upstream.pipe(socket)
  if (fate === 'cut after hello') socket.once('data', () => socket.destroy())
  else socket.pipe(upstream)
}

async function relay(rig: Rig, request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.on('error', () => {})
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const path = inner(rig, request)
  if (path === null) return void response.writeHead(404).end()
  const answer = await fetch(`http://127.0.0.1:${rig.port}${path}`, {
    method: request.method ?? 'GET',
    headers: { 'content-type': 'application/json' },
    body: Buffer.concat(chunks),
  }).catch(() => null)
  if (answer === null) return void request.socket.destroy()
  const text = await answer.text()
  response.writeHead(answer.status, { 'content-type': 'application/json' }).end(text)
}
