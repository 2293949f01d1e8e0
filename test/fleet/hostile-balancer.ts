/**
 * A balancer in front of replicas, and all that can go wrong between an agent and its centre: whole messages that come
 * twice, later or in another order, requests that are repeated to another replica, answers that are lost, cuts.
 */
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { FRAME_BYTES_MAX, SUBPROTOCOL } from '@aloft/shared/protocol/version'
import WebSocket, { WebSocketServer } from 'ws'
import { between, chance, type Entropy, pick } from '../../agent/src/simulated/entropy.ts'

/** Probabilities, each for one message or one request. */
export interface Hostility {
  readonly repeat: number
  readonly swap: number
  readonly cut: number
}

export const PEACE: Hostility = { repeat: 0, swap: 0, cut: 0 }

export interface HostileBalancer {
  readonly url: string
  hostility: Hostility
  /** How often each has been done. */
  readonly done: Record<'repeated' | 'swapped' | 'cut' | 'answers lost' | 'late', number>
  /** Cuts this share of all connections without a word. */
  cutSome(share: number): void
  close(): Promise<void>
}

/** How long a message is held back when no other comes that could overtake it. */
const HOLD_MS = 200
/** How long a request may be on its way that its agent has given up, or that comes again: several turns of a session. */
const LATE_MS = 3_000

export async function startBalancer(
  ports: () => readonly number[],
  entropy: Entropy,
): Promise<HostileBalancer> {
  const pairs = new Set<() => void>()
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: FRAME_BYTES_MAX,
    perMessageDeflate: false,
    handleProtocols: () => SUBPROTOCOL,
  })
  const server = http.createServer((request, response) => void proxy(state, request, response))
  const state: State = {
    ports,
    entropy,
    pairs,
    sockets,
    overtaken: null,
    balancer: {
      url: '',
      hostility: PEACE,
      done: { repeated: 0, swapped: 0, cut: 0, 'answers lost': 0, late: 0 },
      cutSome: (share) => {
        for (const cut of pairs) if (chance(entropy, share)) cut()
      },
      close: async () => {
        for (const cut of pairs) cut()
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      },
    },
  }
  server.on('upgrade', (request, socket, head) => upgrade(state, { request, socket, head }))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return Object.assign(state.balancer, { url: `http://127.0.0.1:${port}` })
}

interface State {
  readonly ports: () => readonly number[]
  readonly entropy: Entropy
  readonly pairs: Set<() => void>
  readonly sockets: WebSocketServer
  /** Lets a request go that waits to be overtaken by another. */
  overtaken: (() => void) | null
  readonly balancer: HostileBalancer
}

interface Upgrade {
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
}

/** The replica is asked first: what it answers to the upgrade is what the agent is answered. */
function upgrade(state: State, { request, socket, head }: Upgrade): void {
  socket.on('error', () => {})
  const ports = state.ports()
  if (ports.length === 0) {
    refuse(socket, 502)
    return
  }
  const port = pick(state.entropy, ports)
  const upstream = new WebSocket(`ws://127.0.0.1:${port}${request.url}`, [SUBPROTOCOL], {
    perMessageDeflate: false,
    maxPayload: FRAME_BYTES_MAX,
  })
  // What the replica says before the agent's side stands.
  const early: string[] = []
  const keep = (data: WebSocket.RawData) => early.push(String(data))
  upstream.on('message', keep)
  upstream.once('unexpected-response', (_, { statusCode, headers }) =>
    refuse(socket, statusCode ?? 502, headers['retry-after']),
  )
  upstream.once('error', () => refuse(socket, 502))
  upstream.once('open', () =>
    state.sockets.handleUpgrade(request, socket, head, (downstream) => {
      upstream.off('message', keep)
      join(state, upstream, downstream)
      for (const text of early) downstream.send(text)
    }),
  )
}

function refuse(socket: Duplex, status: number, retryAfter?: string): void {
  const told = retryAfter === undefined ? '' : `Retry-After: ${retryAfter}\r\n`
  socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\n${told}\r\n`)
}

function join(state: State, one: WebSocket, other: WebSocket): void {
  const cut = () => {
    state.pairs.delete(cut)
    one.terminate()
    other.terminate()
  }
  state.pairs.add(cut)
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    const relay = relayTo(state, to, cut)
    from.on('message', (data) => relay(String(data)))
    from.on('error', cut)
    from.on('close', (code, reason) => {
      state.pairs.delete(cut)
      // Codes that no frame may carry stand for no frame.
      if (code === 1006 || code === 1005) to.terminate()
      else to.close(code, reason)
    })
  }
}

function relayTo(state: State, to: WebSocket, cut: () => void): (text: string) => void {
  const { entropy, balancer } = state
  let held: string | null = null
  const send = (text: string) => {
    if (to.readyState === WebSocket.OPEN) to.send(text)
  }
  const release = () => {
    if (held !== null) send(held)
    held = null
  }
  return (text) => {
    const { repeat, swap, cut: cutting } = balancer.hostility
    if (chance(entropy, cutting)) {
      balancer.done.cut += 1
      return cut()
    }
    if (held === null && chance(entropy, swap)) {
      balancer.done.swapped += 1
      held = text
      setTimeout(release, HOLD_MS)
      return
    }
    send(text)
    release()
    if (chance(entropy, repeat)) {
      balancer.done.repeated += 1
      setTimeout(() => send(text), between(entropy, 0, HOLD_MS))
    }
  }
}

/** Only what agents post is made worse; people's requests go to a replica that answers. */
async function proxy(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.on('error', () => {})
  const chunks: Buffer[] = []
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer)
  } catch {
    return
  }
  const asked = { request, body: Buffer.concat(chunks) }
  try {
    const isAgents = request.url?.startsWith('/agent/v1/exchange') === true
    const answer = isAgents ? await askBadly(state, asked) : await ask(state, asked)
    if (answer === null) return void response.destroy()
    response.writeHead(answer.status, answer.headers).end(answer.body)
  } catch {
    response.writeHead(502).end()
  }
}

/** Comes twice, goes after the one that came after it, or reaches the centre when nobody waits any more (null). */
async function askBadly(state: State, asked: Asked): Promise<Answer | null> {
  const { entropy, balancer } = state
  const { repeat, swap, cut } = balancer.hostility
  const later = () => setTimeout(() => void ask(state, asked).catch(() => {}), between(entropy, 0, LATE_MS))
  if (chance(entropy, repeat)) {
    balancer.done.repeated += 1
    later()
  }
  if (chance(entropy, cut)) {
    balancer.done.late += 1
    later()
    return null
  }
  if (state.overtaken === null && chance(entropy, swap)) {
    balancer.done.swapped += 1
    await heldBack(state)
  }
  const answering = ask(state, asked)
  state.overtaken?.()
  const answer = await answering
  if (!chance(entropy, cut)) return answer
  balancer.done['answers lost'] += 1
  return null
}

/** Until another request was sent on, or nobody came for too long. */
function heldBack(state: State): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      clearTimeout(timer)
      if (state.overtaken === go) state.overtaken = null
      resolve()
    }
    const timer = setTimeout(go, HOLD_MS)
    state.overtaken = go
  })
}

interface Asked {
  readonly request: IncomingMessage
  readonly body: Buffer
}

interface Answer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: Buffer
}

async function ask({ ports, entropy }: State, { request, body }: Asked): Promise<Answer> {
  const untried = [...ports()]
  for (;;) {
    const port = pick(entropy, untried)
    try {
      return await askReplica(port, request, body)
    } catch (error) {
      untried.splice(untried.indexOf(port), 1)
      const refused = error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED'
      if (!refused || untried.length === 0) throw error
    }
  }
}

function askReplica(port: number, { method, url, headers }: IncomingMessage, body: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { connection: _, 'transfer-encoding': __, ...kept } = headers
    const sent = http.request(
      {
        host: '127.0.0.1',
        port,
        method,
        path: url,
        agent: false,
        headers: { ...kept, 'content-length': body.length },
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const { connection: ___, 'transfer-encoding': ____, ...told } = response.headers
          resolve({ status: response.statusCode ?? 502, headers: told, body: Buffer.concat(chunks) })
        })
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}
