import { CloseCode } from '@aloft/shared/protocol/close-codes'
import type { Command, CommandResult } from '@aloft/shared/protocol/commands'
import { decodeAgentFrame, type ServerFrame } from '@aloft/shared/protocol/frames'
import type { CentreName } from '@aloft/shared/protocol/identity'
import type { Admission } from '../agents/admit.ts'
import type { SessionNote } from '../agents/presence.ts'
import type { Renewal, RenewalRequest } from '../agents/renew.ts'
import type { Batch, Outcome } from '../events/ingest.ts'
import { Unavailable } from '../problems.ts'
import type { Shown } from '../virtual-routers/show.ts'
import {
  type Instant,
  openSession,
  type Session,
  type SessionAction,
  type SessionEvent,
  type SessionLimits,
  stepSession,
} from './machine.ts'

/** One socket, as far as a session needs it. */
export interface Line {
  send(text: string): void
  close(code: number, reason: string): void
  /** Stops and starts reading, so that TCP holds the sender back. */
  pause(): void
  resume(): void
  /** Bytes accepted by `send` that the network has not taken. */
  bufferedBytes(): number
}

/** A session on record: of an agent, the how manieth. */
export interface SessionName {
  readonly agentId: string
  readonly generation: number
}

/** What a session asks of the rest of the control plane. Each may reject with `Unavailable`: the database is away. */
export interface Services {
  readonly now: () => Instant
  readonly nonce: () => string
  readonly limits: SessionLimits
  readonly spreadMs: () => number
  /** Who this centre says it is; null while it has no key to prove it with. */
  centre(): CentreName | null
  admit(knock: Omit<Extract<SessionAction, { do: 'admit' }>, 'do'>): Promise<Admission>
  renew(request: RenewalRequest): Promise<Renewal>
  /** Both sessions were found alive: what to tell this one. */
  rival(session: AgentSession): Promise<{ readonly code: CloseCode; readonly reason: string }>
  show(shown: Shown): Promise<void>
  finish(result: CommandResult, session: SessionName): Promise<void>
  synced(session: SessionName): Promise<void>
  write(batch: Batch): Promise<Outcome>
  note(note: SessionNote): void
  /** More is queued for the database than memory should hold. */
  overfull(): boolean
  /** The connection speaks for this agent from now on. */
  joined(connection: Connection): void
  left(connection: Connection): void
  readonly log: { info(facts: object, message: string): void; warn(facts: object, message: string): void }
}

type Admitted = Extract<Admission, { kind: 'admitted' }>

/** What of an admission is needed as long as the session lasts: not its keys, proof and credential. */
export interface AgentSession extends Pick<Admitted, 'sessionId' | 'generation' | 'host'> {
  readonly agent: Pick<Admitted['agent'], 'id' | 'siteId'>
}

/** All there is to know of a session between two frames. */
export interface Standstill {
  readonly session: Session
  readonly agent: AgentSession | null
}

/** Events one session may have waiting for the database before its socket is paused: a little over the window. */
const WAITING_EVENTS_MAX = 2_500
const WAITING_EVENTS_LOW = 1_000
/** An agent that takes so little of what it is sent is cut off, or it would cost memory without end. */
const BUFFERED_BYTES_MAX = 4 * 1024 * 1024

/** The effects of one session: feeds the machine and performs what it says. */
export class Connection {
  readonly #line: Line
  readonly #services: Services
  #session: Session
  #agent: AgentSession | null = null
  /** Writes of snapshots and marks, one after the other. */
  #writes: Promise<void> = Promise.resolve()
  #waitingEvents = 0
  #paused = false
  #excused = false
  /** What was begun and is not done. */
  #works = new Set<Promise<void>>()

  /** Challenges the agent, or goes on where `before` stood. */
  constructor(line: Line, services: Services, before?: Standstill) {
    this.#line = line
    this.#services = services
    if (before !== undefined) {
      this.#session = before.session
      this.#agent = before.agent
      return
    }
    const { limits } = services
    const [session, actions] = openSession(services.nonce(), limits, services.now(), services.centre())
    this.#session = session
    this.#perform(actions)
  }

  get agent(): AgentSession | null {
    return this.#agent
  }

  /** The session ended, or ends, on the centre's account: the agent's absence is not its own doing. */
  get excused(): boolean {
    return this.#excused || this.#session.closesAtMs !== null
  }

  /** Once everything is done that was begun, and what came of it. Nothing must be told to it meanwhile. */
  async settled(): Promise<Standstill> {
    while (this.#works.size > 0) await Promise.all(this.#works)
    return { session: this.#session, agent: this.#agent }
  }

  get closed(): boolean {
    return this.#session.phase === 'closed'
  }

  /** A text message arrived. */
  hear(text: string): void {
    this.tell({ kind: 'frame', frame: decodeAgentFrame(text) })
  }

  /** A message arrived that cannot be a frame. */
  hearMalformed(malformed: string): void {
    this.tell({ kind: 'frame', frame: { malformed, unknownKind: false } })
  }

  /** The socket cannot go on. The peer hears a code without a reason; ours hears the reason here. */
  broken(why: string): void {
    this.#services.log.warn({ agentId: this.#agent?.agent.id ?? null, why }, 'a session broke')
  }

  /** Whether the command went out: the session stands, and its agent knows this kind. */
  order(command: Command): 'sent' | 'unsupported' | 'not-yet' {
    if (this.#session.phase !== 'live') return 'not-yet'
    if (!this.#session.hello?.obeys?.includes(command.command)) return 'unsupported'
    this.tell({ kind: 'command', command })
    return 'sent'
  }

  tell(event: SessionEvent): void {
    const [session, actions] = stepSession(this.#session, event, this.#services.now())
    this.#session = session
    this.#perform(actions)
  }

  /** To be called about once a second. While we do not read, silence is our own doing. */
  tick(): void {
    if (this.#paused) this.#resumeIfRoom()
    else this.tell({ kind: 'tick' })
  }

  /** The socket is gone, whoever closed it. */
  gone(): void {
    this.#session = { ...this.#session, phase: 'closed' }
    if (this.#agent !== null) this.#services.left(this)
  }

  #perform(actions: readonly SessionAction[]): void {
    for (const action of actions) {
      switch (action.do) {
        case 'send':
          this.#send(action.frame)
          break
        case 'admit':
          this.#track(this.#admit(action))
          break
        case 'show':
          this.#show(action)
          break
        case 'synced':
          this.#inTurn(({ agent, generation }) => this.#services.synced({ agentId: agent.id, generation }))
          break
        case 'finish':
          this.#inTurn(({ agent, generation }) =>
            this.#services.finish(action.result, { agentId: agent.id, generation }),
          )
          break
        case 'ingest':
          this.#track(this.#ingest(action))
          break
        case 'renew':
          this.#track(this.#renew(action))
          break
        case 'rival':
          this.#track(this.#rival())
          break
        case 'note':
          this.#note(action)
          break
        case 'close':
          this.#tellOfFault(action)
          this.#line.close(action.code, action.reason)
      }
    }
  }

  #track(work: Promise<void>): void {
    this.#works.add(work)
    void work.finally(() => this.#works.delete(work))
  }

  /** An agent that speaks wrongly is something to look into at this end too. */
  #tellOfFault({ code, reason }: Extract<SessionAction, { do: 'close' }>): void {
    const isFault = code === CloseCode.protocolError || code === CloseCode.unsupportedVersion
    if (!isFault) return
    const agentId = this.#agent?.agent.id ?? null
    this.#services.log.warn({ agentId, code, reason }, 'a session was ended: the agent broke the protocol')
  }

  #send(frame: ServerFrame): void {
    this.#line.send(JSON.stringify(frame))
    if (this.#line.bufferedBytes() > BUFFERED_BYTES_MAX)
      this.tell({ kind: 'ended', code: CloseCode.slowConsumer, reason: 'the agent does not read' })
  }

  async #admit({ do: _, ...knock }: Extract<SessionAction, { do: 'admit' }>): Promise<void> {
    const { hello } = knock
    try {
      const admission = await this.#services.admit(knock)
      if (admission.kind === 'refused') {
        this.#services.log.warn({ agentId: hello.agentId, reason: admission.reason }, 'an agent was refused')
        return this.tell(admission)
      }
      const spreadMs = this.#services.spreadMs()
      if (admission.kind === 'tried')
        return this.tell({ ...admission, kind: 'admitted', spreadMs, trial: true })
      this.#agent = remembered(admission)
      // The socket may have closed meanwhile: the session is on record and must end there too.
      if (this.closed) return this.#services.left(this)
      const { sessionId, resumeAfterSeq, missingEvents, agent, greeting } = admission
      if (missingEvents > 0)
        this.#services.log.warn({ agentId: agent.id, missingEvents }, 'the agent no longer has these events')
      this.#services.joined(this)
      this.tell({ kind: 'admitted', sessionId, resumeAfterSeq, spreadMs, greeting, trial: false })
    } catch (error) {
      this.#fail(error)
    }
  }

  async #renew({ candidate }: Extract<SessionAction, { do: 'renew' }>): Promise<void> {
    if (this.#agent === null) return
    const { agent, generation, sessionId } = this.#agent
    try {
      const renewal = await this.#services.renew({ agentId: agent.id, generation, sessionId, candidate })
      this.tell(renewal)
    } catch (error) {
      // The agent asks again; what it has holds for hours.
      if (!(error instanceof Unavailable)) this.#fail(error)
    }
  }

  async #rival(): Promise<void> {
    if (this.#agent === null) return
    try {
      this.tell({ kind: 'ended', ...(await this.#services.rival(this.#agent)) })
    } catch (error) {
      this.#fail(error)
    }
  }

  #show({ snapshot, epoch, clock }: Extract<SessionAction, { do: 'show' }>): void {
    this.#inTurn(({ agent: { id: agentId, siteId }, generation }) =>
      this.#services.show({ agentId, siteId, generation, epoch, snapshot, clock }),
    )
    this.#noteOf({ routerAlive: snapshot.routers !== null })
  }

  #inTurn(work: (session: AgentSession) => Promise<void>): void {
    const session = this.#agent
    if (session === null) return
    this.#writes = this.#writes.then(async () => {
      if (!this.closed) await work(session).catch((error: unknown) => this.#fail(error))
    })
    this.#track(this.#writes)
  }

  async #ingest({ batch, clock, liveAfterSeq }: Extract<SessionAction, { do: 'ingest' }>): Promise<void> {
    if (this.#agent === null) return
    const { generation } = this.#agent
    const { id: agentId, siteId } = this.#agent.agent
    const { epoch, events } = batch
    this.#waitingEvents += events.length
    if (this.#waitingEvents > WAITING_EVENTS_MAX || this.#services.overfull()) this.#pause()
    const receivedAtMs = this.#services.now().wallMs
    try {
      const outcome = await this.#services.write({
        agentId,
        siteId,
        generation,
        epoch,
        events,
        clock,
        liveAfterSeq,
        receivedAtMs,
      })
      const event = eventOf(epoch, outcome)
      if (event !== null) this.tell(event)
      // Who took over is found by the next note, which knows what is to be done about it.
      else this.#noteOf({})
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#waitingEvents -= events.length
      this.#resumeIfRoom()
    }
  }

  #note({ heartbeat, clock }: Extract<SessionAction, { do: 'note' }>): void {
    this.#noteOf({
      clockOffsetMs: clock?.offsetMs ?? null,
      clockErrorMs: clock?.errorMs ?? null,
      spoolBacklog: heartbeat.spoolBacklog,
      routerAlive: heartbeat.routerAlive,
    })
  }

  #noteOf(facts: Partial<SessionNote>): void {
    if (this.#agent === null) return
    this.#services.note({
      agentId: this.#agent.agent.id,
      generation: this.#agent.generation,
      seenAtMs: this.#services.now().wallMs,
      clockOffsetMs: null,
      clockErrorMs: null,
      spoolBacklog: null,
      routerAlive: null,
      ...facts,
    })
  }

  #pause(): void {
    if (this.#paused) return
    this.#paused = true
    this.#line.pause()
  }

  #resumeIfRoom(): void {
    if (!this.#paused || this.#waitingEvents > WAITING_EVENTS_LOW || this.#services.overfull()) return
    this.#paused = false
    this.#line.resume()
  }

  #fail(error: unknown): void {
    const away = error instanceof Unavailable
    this.#excused = true
    if (!away) this.#services.log.warn({ err: error, agentId: this.#agent?.agent.id }, 'a session failed')
    this.tell({
      kind: 'ended',
      code: away ? CloseCode.tryLater : CloseCode.internalError,
      reason: away ? error.message : 'internal error',
    })
  }
}

function remembered({ agent: { id, siteId }, sessionId, generation, host }: Admitted): AgentSession {
  return { agent: { id, siteId }, sessionId, generation, host }
}

function eventOf(epoch: string, outcome: Outcome): SessionEvent | null {
  switch (outcome.kind) {
    case 'held':
      return { kind: 'held', epoch, seq: outcome.seq }
    case 'hole':
      return { kind: 'hole', epoch, afterSeq: outcome.afterSeq }
    case 'conflict':
      return {
        kind: 'ended',
        code: CloseCode.quarantined,
        reason: `event ${outcome.seq} is held with another content`,
      }
    case 'superseded':
      return null
    case 'unknown':
      return { kind: 'ended', code: CloseCode.unauthorised, reason: 'no longer enrolled here' }
  }
}
