/** A control plane's agent side for tests, on a unix socket: it keeps what it is sent in memory, and misbehaves on request. */
import { createPublicKey, verify } from 'node:crypto'
import http from 'node:http'
import { CloseCode } from '@aloft/shared/protocol/close-codes'
import type { SpooledEvent } from '@aloft/shared/protocol/events'
import {
  type AgentFrame,
  challengeText,
  decodeAgentFrame,
  EnrolRequest,
  enrolmentText,
  type Hello,
  type ServerFrame,
} from '@aloft/shared/protocol/frames'
import { SUBPROTOCOL } from '@aloft/shared/protocol/version'
import { type WebSocket, WebSocketServer } from 'ws'

export interface Centre {
  readonly path: string
  /** By seq, of one epoch. A seq that came twice with different content is a conflict. */
  readonly held: Map<number, SpooledEvent>
  readonly conflicts: number[]
  /** Every frame that came, in order, over all sessions. */
  readonly frames: AgentFrame[]
  readonly hellos: Hello[]
  readonly enrolments: EnrolRequest[]
  /** Events that came although they were held. */
  duplicates: number
  epoch: string | null
  behaviour: Behaviour
  /** Sends this to every session. */
  say(text: string): void
  /** Cuts every connection without a close frame. */
  cut(): void
  stop(): Promise<void>
}

export interface Behaviour {
  readonly token: string
  /** Acks are kept back, as if lost on the way. */
  readonly withholdAcks: boolean
  /** Before each ack. */
  readonly ackDelayMs: number
  /** Cut the connection after so many events frames. */
  readonly cutAfterFrames: number
  /** Close instead of a welcome. */
  readonly refuseWith: number | null
  readonly heartbeatMs: number
}

export const WELL_BEHAVED: Behaviour = {
  token: 'good',
  withholdAcks: false,
  ackDelayMs: 0,
  cutAfterFrames: Number.POSITIVE_INFINITY,
  refuseWith: null,
  heartbeatMs: 200,
}

/** What outlives a restart of the centre: its database. */
export type Memory = Pick<Centre, 'held' | 'conflicts' | 'frames' | 'hellos' | 'enrolments'>

export async function startCentre(path: string, memory?: Memory): Promise<Centre> {
  const server = http.createServer((request, response) => void answerEnrolment(centre, request, response))
  const sockets = new WebSocketServer({
    server,
    path: '/agent/v1/connect',
    handleProtocols: () => SUBPROTOCOL,
  })
  const { held, conflicts, frames, hellos, enrolments } = memory ?? {
    held: new Map<number, SpooledEvent>(),
    conflicts: [],
    frames: [],
    hellos: [],
    enrolments: [],
  }
  const centre: Centre = {
    path,
    held,
    conflicts,
    frames,
    hellos,
    enrolments,
    duplicates: 0,
    epoch: hellos.at(-1)?.epoch ?? null,
    behaviour: WELL_BEHAVED,
    say: (text) => {
      for (const socket of sockets.clients) socket.send(text)
    },
    cut: () => {
      for (const socket of sockets.clients) socket.terminate()
    },
    stop: async () => {
      for (const socket of sockets.clients) socket.terminate()
      sockets.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  sockets.on('connection', (socket) => converse(centre, socket))
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return centre
}

function converse(centre: Centre, socket: WebSocket): void {
  const nonce = Math.random().toString(36)
  const say = (frame: ServerFrame) => socket.send(JSON.stringify(frame))
  let batches = 0
  socket.on('error', () => {})
  socket.on('message', (data) => {
    const frame = decodeAgentFrame(String(data))
    if ('malformed' in frame) throw new Error(`the agent sent a malformed frame: ${frame.malformed}`)
    centre.frames.push(frame)
    if (frame.kind === 'hello') welcome(centre, frame, { socket, nonce, say })
    if (frame.kind === 'events') {
      batches += 1
      take(centre, frame.events)
      if (batches >= centre.behaviour.cutAfterFrames) socket.terminate()
      else if (!centre.behaviour.withholdAcks)
        setTimeout(
          () => say({ kind: 'ack', epoch: frame.epoch, seq: holdsUpTo(centre, frame.events[0]?.seq ?? 1) }),
          centre.behaviour.ackDelayMs,
        )
    }
    if (frame.kind === 'heartbeat') {
      const wallMs = Date.now()
      say({ kind: 'pong', agentSentWallMs: frame.sentWallMs, receivedWallMs: wallMs, sentWallMs: wallMs })
    }
  })
  say({ kind: 'challenge', nonce, protocolVersion: 1 })
}

function welcome(
  centre: Centre,
  hello: Hello,
  on: { readonly socket: WebSocket; readonly nonce: string; say(frame: ServerFrame): void },
): void {
  centre.hellos.push(hello)
  const { refuseWith, heartbeatMs } = centre.behaviour
  const publicKey = centre.enrolments.at(-1)?.publicKey ?? ''
  if (!signed(publicKey, challengeText(on.nonce, hello.agentId), hello.signature)) {
    on.socket.close(CloseCode.unauthorised, 'the signature does not verify')
    return
  }
  if (refuseWith !== null) {
    on.socket.close(refuseWith, 'refused by the test')
    return
  }
  if (centre.epoch !== hello.epoch) centre.held.clear()
  centre.epoch = hello.epoch
  const resumeAfterSeq = Math.max(holdsUpTo(centre, 1), hello.firstSeq - 1)
  on.say({ kind: 'welcome', sessionId: 's', resumeAfterSeq, heartbeatMs, spreadMs: 50 })
}

function take(centre: Centre, events: readonly SpooledEvent[]): void {
  for (const event of events) {
    const before = centre.held.get(event.seq)
    if (before !== undefined) centre.duplicates += 1
    if (before !== undefined && JSON.stringify(before) !== JSON.stringify(event))
      centre.conflicts.push(event.seq)
    centre.held.set(event.seq, event)
  }
}

/** The end of the run without holes that begins at `from`. */
function holdsUpTo({ held }: Centre, from: number): number {
  let seq = held.has(from) ? from : from - 1
  while (held.has(seq + 1)) seq += 1
  return seq
}

async function answerEnrolment(
  centre: Centre,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): Promise<void> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  const asked = EnrolRequest.parse(JSON.parse(text))
  const proof = enrolmentText(asked.token, asked.node, asked.publicKey)
  const isGood = asked.token === centre.behaviour.token && signed(asked.publicKey, proof, asked.signature)
  centre.enrolments.push(asked)
  response.writeHead(isGood ? 201 : 403, { 'content-type': 'application/json' })
  const no = {
    type: 'about:blank',
    title: 'Forbidden',
    status: 403,
    detail: 'this enrolment token was revoked',
  }
  response.end(JSON.stringify(isGood ? { agentId: 'agent-1', site: 'lab', node: asked.node } : no))
}

function signed(publicKey: string, text: string, signature: string): boolean {
  const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' })
  return verify(null, Buffer.from(text), key, Buffer.from(signature, 'base64'))
}
