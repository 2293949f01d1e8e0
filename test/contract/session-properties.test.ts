/**
 * Both machines of a session, joined by links and a database that do what fast-check says: frames wait, links are cut with
 * or without a word, admissions and commits take their time and are carried out even when nobody waits for them any more,
 * the centre drains, clocks jump. Whatever happens: no event is lost or doubled, no hello is taken for a rewound spool,
 * and when the world behaves again, everything arrives.
 */
import type { AgentFrame, ServerFrame } from '@aloft/shared/protocol/frames'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { initialSession } from '../../agent/src/session/machine.ts'
import {
  initialSuccession,
  nextDeadlineMs,
  type OwnedAction,
  type OwnedEvent,
  type Succession,
  stepSuccession,
} from '../../agent/src/session/succession.ts'
import {
  openSession,
  SESSION_LIMITS,
  type Session,
  type SessionAction,
  type SessionEvent,
  stepSession,
} from '../../control-plane/src/gateway/machine.ts'

const config = { agentId: 'a', node: 'n', software: 's', bootId: 'b', runId: 'r' }

interface Line {
  session: Session
  generation: number | null
  readonly up: AgentFrame[]
  readonly down: ServerFrame[]
  /** What the agent's link says at the end of `down`. */
  end: { readonly code: number; readonly reason: string } | null
  isOpen: boolean
  /** The agent heard that the link is open. */
  isHeard: boolean
}

class World {
  nowMs = 0
  wallOffsetMs = 1_000_000
  centreWallMs = 2_000_000
  random = 0.5
  lastSeq = 0
  agent: Succession = initialSuccession(initialSession({ epoch: 'e', firstSeq: 1, lastSeq: 0 }, 0))
  readonly lines = new Map<number, Line>()
  /** What the database was asked to do, and has not done. */
  readonly database: (() => void)[] = []
  readonly reads: (() => void)[] = []
  readonly told = new Map<number, number>()
  heldSeq = 0
  generation = 0
  connectedAtMs = Number.NEGATIVE_INFINITY
  rewinds = 0

  feed(to: OwnedEvent['to'], event: OwnedEvent['event']): void {
    const moment = { nowMs: this.nowMs, wallMs: this.nowMs + this.wallOffsetMs, random: this.random }
    const [agent, actions] = stepSuccession(config, this.agent, { to, event }, moment)
    this.agent = agent
    for (const action of actions) this.#perform(action)
  }

  #perform({ of, action }: OwnedAction): void {
    const line = this.lines.get(of)
    if (action.do === 'dial') this.#dial(of)
    else if (action.do === 'close') {
      // A farewell may or may not be heard; the centre finds the end of the connection by itself.
      if (line) line.isOpen = false
    } else if (action.do === 'hello') line?.up.push({ ...action.hello, signature: 's' })
    else if (action.do === 'send') line?.up.push(action.frame)
    else if (action.do === 'take-snapshot') {
      const asOfSeq = this.lastSeq
      this.reads.push(() => this.feed(of, { kind: 'snapshot', asOfSeq, routers: [] }))
    } else if (action.do === 'read') {
      const { afterSeq, countMax } = action
      this.reads.push(() => {
        const events = Array.from({ length: Math.min(countMax, this.lastSeq - afterSeq) }, (_, i) => ({
          seq: afterSeq + 1 + i,
          at: { wallMs: 0, monoMs: 0, bootId: 'b' },
          body: { kind: 'link' as const, interface: 'eth0', up: true },
        }))
        this.feed(of, { kind: 'read', epoch: 'e', afterSeq, events, unreadable: null })
      })
    }
  }

  #dial(id: number): void {
    const [session, actions] = openSession('nonce', SESSION_LIMITS, this.#instant())
    const line: Line = {
      session,
      generation: null,
      up: [],
      down: [],
      end: null,
      isOpen: true,
      isHeard: false,
    }
    this.lines.set(id, line)
    this.#act(line, actions)
    this.reads.push(() => {
      line.isHeard = true
      if (line.isOpen) this.feed(id, { kind: 'opened' })
    })
  }

  #instant() {
    return { monoMs: this.nowMs, wallMs: this.centreWallMs + this.nowMs }
  }

  tell(line: Line, event: SessionEvent): void {
    const [session, actions] = stepSession(line.session, event, this.#instant())
    line.session = session
    this.#act(line, actions)
  }

  #act(line: Line, actions: readonly SessionAction[]): void {
    for (const action of actions) {
      if (action.do === 'send') line.down.push(action.frame)
      else if (action.do === 'close') line.end = { code: action.code, reason: action.reason }
      else if (action.do === 'admit') this.database.push(() => this.#admit(line, action))
      else if (action.do === 'ingest') {
        const seqs = action.batch.events.map(({ seq }) => seq)
        this.database.push(() => this.#ingest(line, seqs))
      }
    }
  }

  /** As `agents/admit.ts` and the registry have it, with one replica. */
  #admit(line: Line, { hello, challengedAtMs }: Extract<SessionAction, { do: 'admit' }>): void {
    if (hello.lastSeq < this.heldSeq) {
      if (challengedAtMs >= this.connectedAtMs) this.rewinds += 1
      this.tell(line, { kind: 'refused', code: 1013, reason: 'late' })
      return
    }
    this.generation += 1
    this.connectedAtMs = this.#instant().wallMs
    line.generation = this.generation
    for (const other of this.lines.values())
      if (other !== line && other.generation !== null)
        this.tell(other, { kind: 'ended', code: 4002, reason: 'a newer session' })
    const admitted = { sessionId: String(this.generation), resumeAfterSeq: this.heldSeq, spreadMs: 2_000 }
    this.tell(line, { kind: 'admitted', ...admitted, greeting: {}, trial: false })
  }

  #ingest(line: Line, seqs: readonly number[]): void {
    if ((seqs[0] ?? 0) > this.heldSeq + 1) {
      this.tell(line, { kind: 'hole', epoch: 'e', afterSeq: this.heldSeq })
      return
    }
    for (const seq of seqs.filter((each) => each > this.heldSeq)) {
      this.told.set(seq, (this.told.get(seq) ?? 0) + 1)
      this.heldSeq = seq
    }
    this.tell(line, { kind: 'held', epoch: 'e', seq: this.heldSeq })
  }

  /** One frame up, and what the centre answers stays on its way. */
  up(line: Line): void {
    const frame = line.up.shift()
    if (frame !== undefined && line.end === null) this.tell(line, { kind: 'frame', frame })
  }

  down(id: number, line: Line): void {
    if (!line.isOpen || !line.isHeard) return
    const frame = line.down.shift()
    if (frame !== undefined) this.feed(id, { kind: 'frame', frame })
    if (frame !== undefined || line.end === null) return
    line.isOpen = false
    this.feed(id, { kind: 'closed', ...line.end, retryAfterMs: null })
  }

  cut(id: number, line: Line): void {
    if (!line.isOpen) return
    line.isOpen = false
    line.up.length = 0
    line.end = { code: 1006, reason: 'cut' }
    this.feed(id, { kind: 'closed', code: 1006, reason: 'cut', retryAfterMs: null })
  }

  pass(ms: number): void {
    this.nowMs += ms
    this.feed('all', { kind: 'tick' })
    for (const line of this.lines.values()) if (line.end === null) this.tell(line, { kind: 'tick' })
  }

  spool(count: number): void {
    this.lastSeq += count
    this.feed('all', { kind: 'spooled', range: { epoch: 'e', firstSeq: 1, lastSeq: this.lastSeq } })
  }

  #canHear({ isOpen, isHeard, down, end }: Line): boolean {
    return isOpen && isHeard && (down.length > 0 || end !== null)
  }

  #isBusy(): boolean {
    const lines = [...this.lines.values()]
    const isUnderWay = lines.some((line) => line.up.length > 0 || this.#canHear(line))
    return isUnderWay || this.reads.length > 0 || this.database.length > 0
  }

  /** Everything that is under way arrives, and time goes on, until the centre holds all there is. */
  settle(): boolean {
    for (let turn = 0; turn < 2_000; turn++) {
      while (this.#isBusy()) {
        for (const read of this.reads.splice(0)) read()
        for (const work of this.database.splice(0)) work()
        for (const [id, line] of [...this.lines]) {
          while (line.up.length > 0) this.up(line)
          while (this.#canHear(line)) this.down(id, line)
        }
      }
      if (this.heldSeq === this.lastSeq && this.agent.current.state.heldSeq === this.lastSeq) return true
      const dueMs = nextDeadlineMs(this.agent)
      this.pass(Math.max(1, Math.min((dueMs ?? this.nowMs + 1_000) - this.nowMs, 10_000)))
    }
    return false
  }
}

type Step = (world: World) => void

const some = <T>(from: readonly T[], which: number): T | undefined => from[which % Math.max(1, from.length)]
const lineAt = (world: World, which: number) => some([...world.lines].slice(-3), which)
const onLine = (act: (world: World, id: number, line: Line) => void) =>
  fc.nat(2).map(
    (which): Step =>
      (world) => {
        const found = lineAt(world, which)
        if (found !== undefined) act(world, ...found)
      },
  )
const oneOf = (queue: (world: World) => (() => void)[]) =>
  fc.nat(3).map(
    (which): Step =>
      (world) => {
        const all = queue(world)
        if (all.length > 0) all.splice(which % all.length, 1)[0]?.()
      },
  )

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: onLine((world, _, line) => world.up(line)) },
  { weight: 6, arbitrary: onLine((world, id, line) => world.down(id, line)) },
  { weight: 4, arbitrary: oneOf((world) => world.database) },
  { weight: 4, arbitrary: oneOf((world) => world.reads) },
  {
    weight: 2,
    arbitrary: fc.integer({ min: 1, max: 5 }).map(
      (count): Step =>
        (world) =>
          world.spool(count),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(1, 30, 1_000, 5_000, 31_000).map(
      (ms): Step =>
        (world) =>
          world.pass(ms),
    ),
  },
  { weight: 1, arbitrary: onLine((world, id, line) => world.cut(id, line)) },
  {
    weight: 1,
    arbitrary: onLine((world, _, line) =>
      world.tell(line, { kind: 'drain', reason: 'stop', reconnectWithinMs: 1_000 }),
    ),
  },
  { weight: 1, arbitrary: fc.constant<Step>((world) => world.feed('all', { kind: 'leave' })) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(-3_600_000, 3_600_000).map(
      (ms): Step =>
        (world) => {
          world.wallOffsetMs += ms
        },
    ),
  },
)

it('whatever happens between agent and centre: every event once, no false rewind, no deadlock', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 200, size: 'max' }), (steps) => {
      const world = new World()
      world.feed('all', { kind: 'start' })
      world.spool(2)
      for (const act of steps) {
        act(world)
        expect(world.agent.current.state.heldSeq).toBeLessThanOrEqual(world.heldSeq)
      }
      world.spool(1)
      expect(world.settle()).toBe(true)
      expect(world.rewinds).toBe(0)
      expect([...world.told]).toEqual(Array.from({ length: world.lastSeq }, (_, i) => [i + 1, 1]))
    }),
    { numRuns: 1_500 },
  )
})
