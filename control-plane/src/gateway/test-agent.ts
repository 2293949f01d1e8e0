import { generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import os from 'node:os'
import path from 'node:path'
import type { CreateEnrolmentToken } from '@aloft/shared/api/schemas'
import type { SpooledEvent, TransitionBody } from '@aloft/shared/protocol/events'
import {
  type AgentFrame,
  challengeText,
  decodeServerFrame,
  enrolmentText,
  type Hello,
  type RouterState,
  type ServerFrame,
} from '@aloft/shared/protocol/frames'
import { SUBPROTOCOL } from '@aloft/shared/protocol/version'
import { WebSocket } from 'ws'
import { ADMIN_EVERYWHERE } from '../access/permissions.ts'
import { enrol } from '../agents/enrol.ts'
import { lonelyBus } from '../bus/lonely-bus.fixture.ts'
import { Centre } from '../centre-keys/centre.ts'
import { ringAfterCommit } from '../database/after-commit.ts'
import type { Database } from '../database/client.ts'
import { createEnrolmentToken } from '../enrolment-tokens/create.ts'
import type { Caller } from '../http/request-context.ts'
import { type Gateway, type GatewayOptions, startGateway } from './gateway.ts'
import { SESSION_LIMITS } from './machine.ts'

/** A gateway on a unix socket of its own, for tests. */
export interface TestGateway {
  readonly gateway: Gateway
  readonly server: Server
  readonly url: string
  /** What it warned of: message and facts. */
  readonly warnings: readonly (readonly [message: string, facts: object])[]
  stop(): Promise<void>
}

export const SILENT = { info: () => {}, warn: () => {} }

export async function startTestGateway(
  db: Database,
  options: Partial<GatewayOptions> = {},
): Promise<TestGateway> {
  const warnings: [string, object][] = []
  const log = {
    info: () => {},
    warn: (facts: object, message: string) => void warnings.push([message, facts]),
  }
  const centre = options.centre ?? testCentre(db)
  await centre.keys()
  const limits = { ...SESSION_LIMITS, drainMs: 50 }
  const bus = options.bus ?? lonelyBus()
  ringAfterCommit(db, bus.publish)
  const gateway = startGateway({ db, log, limits, ...options, bus, centre })
  const folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-test-gateway-'))
  const server = createServer((_request, response) => response.writeHead(404).end())
  server.on('upgrade', (request, socket, head) => gateway.handleUpgrade(request, socket, head))
  const socketPath = path.join(folder, 'gateway.sock')
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  return {
    gateway,
    server,
    warnings,
    url: `ws+unix:${socketPath}:/agent/v1/connect`,
    stop: async () => {
      await gateway.stop()
      if (options.bus === undefined) await bus.stop()
      await new Promise((resolve) => server.close(resolve))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The centre of a test's database, with its keys in the clear. */
export function testCentre(db: Database): Centre {
  return new Centre({ db, keyEncryptionKey: null, now: Date.now })
}

export interface TestIdentity {
  readonly agentId: string
  readonly node: string
  readonly site: string
  readonly key: KeyObject
}

export function newKey(): { readonly key: KeyObject; readonly publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return { key: privateKey, publicKey: publicKey.export({ format: 'der', type: 'spki' }).toString('base64') }
}

/** Who does what tests do without going through HTTP. */
export const TEST_CALLER: Caller = {
  id: 'token:test',
  name: 'test',
  credential: 'token:test',
  requestId: null,
  grants: ADMIN_EVERYWHERE,
  within: null,
  userId: null,
  makesUntilMs: null,
  expiresAtMs: null,
  secret: 'test',
}

export async function newToken(
  db: Database,
  request: Partial<CreateEnrolmentToken> & { readonly site: string },
): Promise<string> {
  const { token } = await createEnrolmentToken(db, {
    caller: TEST_CALLER,
    reach: 'everywhere',
    request: { ttlMs: 3_600_000, maxUses: 1, labels: {}, needsApproval: false, ...request },
    nowMs: Date.now(),
  })
  return token ?? ''
}

/** What a node posts to enrol. */
export function enrolmentOf(token: string, node: string, keys: ReturnType<typeof newKey>) {
  const signature = sign(null, Buffer.from(enrolmentText(token, node, keys.publicKey)), keys.key)
  return { token, node, publicKey: keys.publicKey, signature: signature.toString('base64'), software: 'test' }
}

export async function enrolNode(db: Database, site: string, node: string): Promise<TestIdentity> {
  const keys = newKey()
  const body = enrolmentOf(await newToken(db, { site }), node, keys)
  const { agentId } = await enrol({ db, centre: testCentre(db), nowMs: Date.now(), log: SILENT }, body)
  return { agentId, node, site, key: keys.key }
}

/** An agent that does what a test says, and only that, over whatever carries its frames. */
export abstract class ScriptedAgent {
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  readonly #frames: ServerFrame[] = []
  #wake: () => void = () => {}
  #over = false
  #close: (end: { readonly code: number; readonly reason: string }) => void = () => {}

  constructor() {
    this.closed = new Promise((resolve) => {
      this.#close = resolve
    })
  }

  /** One frame, or what should have been one. */
  abstract sendText(text: string): void
  /** Goes without a word. */
  abstract close(): Promise<void>

  send(frame: AgentFrame): void {
    this.sendText(JSON.stringify(frame))
  }

  protected heard(text: string): void {
    const frame = decodeServerFrame(text)
    if ('malformed' in frame) throw new Error(`the gateway sent ${frame.malformed}`)
    this.#frames.push(frame)
    this.#wake()
  }

  protected ended(code: number, reason: string): void {
    this.#over = true
    this.#close({ code, reason })
    this.#wake()
  }

  /** The next frame of that kind; others before it are dropped. Fails when the socket closes first. */
  async next<K extends ServerFrame['kind']>(kind: K): Promise<Extract<ServerFrame, { kind: K }>> {
    for (;;) {
      const frame = this.#frames.shift()
      if (frame?.kind === kind) return frame as Extract<ServerFrame, { kind: K }>
      if (frame !== undefined) continue
      if (this.#over)
        throw new Error(`closed while waiting for ${kind}: ${JSON.stringify(await this.closed)}`)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** Waits until everything up to `seq` is acknowledged. */
  async acked(seq: number): Promise<void> {
    while ((await this.next('ack')).seq < seq);
  }

  /** Says a signed hello and gives the welcome. */
  async hello(identity: TestIdentity, facts: Partial<Hello> = {}) {
    const { nonce } = await this.next('challenge')
    return this.helloTo(nonce, identity, facts)
  }

  /** The same to a challenge that was taken already. */
  async helloTo(nonce: string, identity: TestIdentity, facts: Partial<Hello> = {}) {
    const signature = sign(null, Buffer.from(challengeText(nonce, identity.agentId)), identity.key)
    this.send({
      kind: 'hello',
      protocolVersion: 1,
      agentId: identity.agentId,
      signature: signature.toString('base64'),
      node: identity.node,
      software: 'test',
      bootId: 'boot-1',
      runId: randomUUID(),
      epoch: 'epoch-1',
      firstSeq: 1,
      lastSeq: 0,
      wallMs: Date.now(),
      ...facts,
    })
    return this.next('welcome')
  }

  /** A session up to where events may flow. */
  async open(identity: TestIdentity, facts: Partial<Hello> = {}, routers: readonly RouterState[] = []) {
    const welcome = await this.hello(identity, facts)
    this.send({ kind: 'snapshot', asOfSeq: facts.lastSeq ?? 0, routers: [...routers] })
    this.send({ kind: 'synced' })
    return welcome
  }
}

/** The same over a WebSocket. */
export class TestAgent extends ScriptedAgent {
  readonly socket: WebSocket

  constructor(url: string) {
    super()
    this.socket = new WebSocket(url, SUBPROTOCOL, { perMessageDeflate: false })
    this.socket.on('error', () => {})
    this.socket.on('close', (code, reason) => this.ended(code, reason.toString()))
    this.socket.on('message', (data) => this.heard(String(data)))
  }

  sendText(text: string): void {
    this.socket.send(text)
  }

  async close(): Promise<void> {
    this.socket.terminate()
    await this.closed
  }
}

/** A transition of virtual router `web` (VRID 51), as of now unless `facts` say otherwise. */
export function transition(
  seq: number,
  facts: Partial<TransitionBody> & { readonly atMs?: number } = {},
): SpooledEvent {
  const { atMs = Date.now(), ...body } = facts
  return {
    seq,
    at: { wallMs: atMs, monoMs: seq, bootId: 'boot-1' },
    body: {
      kind: 'transition',
      virtualRouter: 'web',
      vrid: 51,
      family: 'ipv4',
      interface: 'eth0',
      from: 'initialize',
      to: 'backup',
      reason: 'startup',
      priority: 100,
      heard: null,
      outageMs: null,
      addresses: ['192.0.2.100/24'],
      ...body,
    },
  }
}

/** An event that is about no virtual router. */
export function link(seq: number, up = true): SpooledEvent {
  return {
    seq,
    at: { wallMs: Date.now(), monoMs: seq, bootId: 'boot-1' },
    body: { kind: 'link', interface: 'eth0', up },
  }
}

/** Waits for a condition, for at most half a minute: the machine may be busy with other tests. */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const giveUpAtMs = performance.now() + 30_000
  while (!(await holds())) {
    if (performance.now() > giveUpAtMs) throw new Error(`in vain waited until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
