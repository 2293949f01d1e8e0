/**
 * The session machines plugged into the world: a link for each session (one, or two while one follows the other), one
 * timer, the spool and the router's state.
 */
import { CloseCode } from '@aloft/shared/protocol/close-codes'
import { decodeServerFrame, type RouterState } from '@aloft/shared/protocol/frames'
import type { Credential } from '@aloft/shared/protocol/identity'
import { PROTOCOL_VERSION } from '@aloft/shared/protocol/version'
import type { Spool } from '../node/spool.ts'
import type { Dialler, Link, Way } from '../session/link.ts'
import { initialSession } from '../session/machine.ts'
import type { SessionAction, SessionConfig, SessionEvent, SessionState } from '../session/state.ts'
import {
  initialSuccession,
  nextDeadlineMs,
  type OwnedAction,
  type OwnedEvent,
  type Succession,
  stepSuccession,
} from '../session/succession.ts'
import type { CommandLedger } from './command-ledger.ts'
import { hearingOf } from './hearing.ts'
import { tryHello } from './hello-trial.ts'
import type { IdentityKeeper, SessionProof } from './identity-keeper.ts'
import { type Deeds, knownCommands, obey } from './obey.ts'
import type { UplinkStatus } from './status-contract.ts'

export interface UplinkOptions {
  readonly dialler: Dialler
  readonly config: SessionConfig
  /** What of the spool a session needs: the simulated fleet keeps its own in memory. */
  readonly spool: Pick<Spool, 'epoch' | 'condition' | 'onChange' | 'read' | 'markHeld'>
  readonly identity: IdentityKeeper
  /** Null: the router process does not answer. */
  readonly routers: () => Promise<readonly RouterState[] | null>
  readonly ledger: CommandLedger
  readonly monoMs: () => number
  readonly wallMs: () => number
  readonly log: (text: string) => void
}

/** The longest the router may take to say what it does before the snapshot says that it does not answer. */
const SNAPSHOT_MS = 1_000
/** From making a key to knowing whether the centre takes it: a little more than its trial may last. */
const ROTATION_MS = 45_000
/** setTimeout's own limit; a deadline further off just rings in between. */
const TIMER_MS_MAX = 2 ** 31 - 1

/** What carries one session, and what it proves itself with. */
interface Line {
  readonly link: Link
  readonly proof: SessionProof
  readonly way: Way
}

export class Uplink {
  readonly #options: UplinkOptions
  #sessions: Succession
  /** By the id of the session. */
  readonly #lines = new Map<number, Line>()
  #timer: NodeJS.Timeout | null = null
  #isTryingWay = false
  /** The session whose way was left, as a goaway asked. */
  #left: number | null = null
  /** Who waits for the outcome of a new key's trial. */
  #keyTried: (holds: boolean) => void = () => {}
  #since: { readonly phase: UplinkStatus['state']; readonly wallMs: number }
  #saidProblem: string | null = null
  /** What the last snapshot said that backups hear. */
  #shownHearing: string | null = null

  constructor(options: UplinkOptions) {
    this.#options = options
    const { firstSeq, lastSeq, heldSeq, epoch } = options.spool.condition
    this.#sessions = initialSuccession(
      initialSession({ epoch, firstSeq, lastSeq }, heldSeq, options.identity.credential),
    )
    this.#since = { phase: 'connecting', wallMs: options.wallMs() }
  }

  get #state(): SessionState {
    return this.#sessions.current.state
  }

  start(): void {
    this.#options.spool.onChange(() => this.#spooled())
    this.#feed('all', { kind: 'start' })
  }

  routerIs(alive: boolean): void {
    if (alive !== this.#state.routerAlive) this.#feed('all', { kind: 'router', alive })
  }

  /** Ends the session; what the centre does not hold yet waits in the spool. */
  stop(): void {
    this.#options.spool.onChange(() => {})
    this.#feed('all', { kind: 'stop' })
  }

  /** Whether a session is under way that could still take events. */
  get isLive(): boolean {
    return this.#state.phase.name === 'live'
  }

  status(): UplinkStatus {
    const { problem } = this.#state
    return {
      ...this.#way(),
      state: this.#since.phase,
      sinceWallMs: this.#since.wallMs,
      detail: problem === null ? null : problemText(problem),
      keyFingerprint: this.#options.identity.keyFingerprint,
    }
  }

  /** What the centre may order. */
  readonly #deeds: Deeds = {
    report: {
      repeatable: true,
      act: async () => {
        const routers = await this.#takeSnapshot(this.#sessions.current.id)
        return routers === null ? 'the router process does not answer' : `virtual routers: ${routers.length}`
      },
    },
    'rotate-key': { repeatable: false, act: () => this.#rotateKey() },
  }

  /** A new key, tried and in use; rejects when the old one stays. */
  async #rotateKey(): Promise<string> {
    const { phase } = this.#state
    if (phase.name !== 'live') throw new Error('the session ended before the key could be changed')
    const tried = new Promise<boolean>((resolve) => {
      this.#keyTried = resolve
      setTimeout(() => resolve(false), ROTATION_MS).unref()
    })
    await this.#makeKey(this.#sessions.current.id, phase.sessionId)
    if (!(await tried)) throw new Error('the new key was tried in vain; the old one stays')
    return 'a new key is in use'
  }

  #spooled(): void {
    const { epoch, firstSeq, lastSeq } = this.#options.spool.condition
    this.#feed('all', { kind: 'spooled', range: { epoch, firstSeq, lastSeq } })
  }

  #feed(to: OwnedEvent['to'], event: SessionEvent): void {
    const { monoMs, wallMs, config } = this.#options
    const moment = { nowMs: monoMs(), wallMs: wallMs(), random: Math.random() }
    const wasLive = this.#liveIds()
    const [sessions, actions] = stepSuccession(config, this.#sessions, { to, event }, moment)
    this.#sessions = sessions
    for (const id of this.#liveIds()) if (!wasLive.includes(id)) this.#lines.get(id)?.link.welcomed()
    for (const action of actions) this.#perform(action)
    this.#note()
    this.#rearm()
  }

  #liveIds(): readonly number[] {
    const { current, successor } = this.#sessions
    return [current, successor].flatMap((slot) => (slot?.state.phase.name === 'live' ? [slot.id] : []))
  }

  #perform({ of, action }: OwnedAction): void {
    const { spool, identity } = this.#options
    const line = this.#lines.get(of)
    switch (action.do) {
      case 'dial':
        this.#dial(of)
        break
      case 'close':
        this.#lines.delete(of)
        line?.link.close(action.code, action.reason)
        break
      case 'hello': {
        const obeys = knownCommands(this.#deeds)
        line?.link.send(JSON.stringify({ ...line.proof.hello(action.nonce, action.hello), obeys }))
        break
      }
      case 'send':
        line?.link.send(JSON.stringify(action.frame))
        if (action.frame.kind === 'heartbeat') void this.#lookAgain(of)
        break
      case 'read':
        void this.#read(of, action)
        break
      case 'take-snapshot':
        void this.#takeSnapshot(of)
        break
      case 'obey':
        void obey(this.#options.ledger, action.command, this.#deeds).then((result) =>
          this.#feed(of, { kind: 'obeyed', result }),
        )
        break
      case 'held':
        spool.markHeld(action.seq)
        break
      case 'keep-credential':
        identity.keep(action.credential)
        break
      case 'make-key':
        void this.#makeKey(of, action.sessionId)
        break
      case 'try-key':
        void this.#tryKey(action.credential)
    }
  }

  #dial(id: number): void {
    const { identity, dialler } = this.#options
    const { id: before, state } = this.#sessions.current
    // Asked to leave: it is no use to come back where that was said, if there is another place.
    if (state.phase.name === 'live' && state.phase.leaveAtMs !== null && this.#left !== before) {
      this.#left = before
      dialler.leave?.()
    }
    const link = dialler.dial({
      opened: () => this.#feed(id, { kind: 'opened' }),
      message: (text) => this.#hear(id, text),
      alive: () => this.#feed(id, { kind: 'alive' }),
      closed: (code, reason, retryAfterMs) => {
        if (this.#lines.get(id)?.link === link) this.#lines.delete(id)
        this.#feed(id, { kind: 'closed', code, reason, retryAfterMs })
      },
    })
    this.#lines.set(id, { link, proof: identity.open(), way: dialler.way() })
  }

  /** Of the session that counts; before there is one, of the newest attempt. */
  #way(): Way {
    return this.#lines.get(this.#sessions.current.id)?.way ?? this.#options.dialler.way()
  }

  /** Who speaks is settled before the machine hears what is said. */
  #hear(id: number, text: string): void {
    const frame = decodeServerFrame(text)
    const reason = 'malformed' in frame ? null : (this.#lines.get(id)?.proof.distrust(frame) ?? null)
    this.#feed(id, reason === null ? { kind: 'frame', frame } : { kind: 'distrusted', reason })
  }

  async #makeKey(id: number, sessionId: string): Promise<void> {
    const { identity, log } = this.#options
    try {
      this.#feed(id, { kind: 'candidate', ...(await identity.makeCandidate(sessionId)) })
    } catch (error) {
      log(`a new key cannot be kept, so the old one stays: ${String(error)}`)
      this.#keyTried(false)
    }
  }

  async #tryKey(credential: Credential): Promise<void> {
    const { identity, dialler, log } = this.#options
    const hello = this.#trialHello(credential)
    const inVain = (why: string) => log(`the new key was tried in vain: ${why}; the old one stays`)
    const trial = () => tryHello({ dialler, proof: identity.openTrial(), hello, log: inVain })
    const holds = await identity.tryCandidate(trial, credential).catch((error: unknown) => {
      log(`the new key holds and cannot be kept on disk: ${String(error)}`)
      return true
    })
    if (holds) this.#feed('all', { kind: 'key-changed', credential })
    this.#keyTried(holds)
  }

  #trialHello(credential: Credential | null) {
    const { config, wallMs } = this.#options
    return {
      kind: 'hello' as const,
      protocolVersion: PROTOCOL_VERSION,
      ...config,
      ...this.#state.spool,
      wallMs: wallMs(),
      ...(credential !== null && { credential }),
      trial: true as const,
    }
  }

  /** A way that lets a hello through and not its answer would cost the session: first it is tried without one. */
  async #tryWay(): Promise<void> {
    const { identity, dialler, monoMs } = this.#options
    this.#isTryingWay = true
    const hello = this.#trialHello(this.#state.credential)
    await tryHello({ dialler, proof: identity.open(), hello, log: () => {} })
    const atMs = this.#betterWayAtMs()
    this.#isTryingWay = false
    if (atMs !== null && atMs <= monoMs()) this.#feed('all', { kind: 'leave' })
    else this.#rearm()
  }

  async #read(
    id: number,
    { afterSeq, countMax, bytesMax }: Extract<SessionAction, { do: 'read' }>,
  ): Promise<void> {
    const { spool } = this.#options
    const answer = { kind: 'read' as const, epoch: spool.epoch, afterSeq }
    try {
      const events = await spool.read(afterSeq, { countMax, bytesMax })
      this.#feed(id, { ...answer, events, unreadable: null })
    } catch (error) {
      this.#feed(id, {
        ...answer,
        events: [],
        unreadable: error instanceof Error ? error.message : String(error),
      })
    }
  }

  /** `asOfSeq` is taken before the router is asked: an event told twice does no harm, one left out would. */
  async #takeSnapshot(id: number): Promise<readonly RouterState[] | null> {
    const { spool, routers } = this.#options
    const link = this.#lines.get(id)?.link
    const asOfSeq = spool.condition.lastSeq
    let timer: NodeJS.Timeout | null = null
    const tooLate = new Promise<null>((resolve) => {
      timer = setTimeout(() => resolve(null), SNAPSHOT_MS)
    })
    const answer = await Promise.race([routers().catch(() => null), tooLate])
    if (timer) clearTimeout(timer)
    // A session that ended meanwhile has no use for it; the next one takes its own.
    if (link === undefined || link !== this.#lines.get(id)?.link) return answer
    this.#shownHearing = answer === null ? null : hearingOf(answer)
    this.#feed(id, { kind: 'snapshot', asOfSeq, routers: answer })
    return answer
  }

  /** A backup that hears another active than it did is in no event, and the centre takes its word for who is active. */
  async #lookAgain(id: number): Promise<void> {
    const link = this.#lines.get(id)?.link
    const routers = this.#state.routerAlive ? await this.#options.routers().catch(() => null) : null
    if (routers === null || link !== this.#lines.get(id)?.link || this.#shownHearing === null) return
    if (hearingOf(routers) !== this.#shownHearing) await this.#takeSnapshot(id)
  }

  #rearm(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    const betterAtMs = this.#isTryingWay ? null : this.#betterWayAtMs()
    const deadlines = [nextDeadlineMs(this.#sessions), betterAtMs].filter((each) => each !== null)
    if (deadlines.length === 0) return
    const deadlineMs = Math.min(...deadlines)
    const waitMs = Math.min(Math.max(0, Math.ceil(deadlineMs - this.#options.monoMs())), TIMER_MS_MAX)
    this.#timer = setTimeout(() => {
      const isDue = betterAtMs !== null && this.#options.monoMs() >= betterAtMs
      if (isDue) void this.#tryWay()
      this.#feed('all', { kind: 'tick' })
    }, waitMs)
  }

  /** When another way to the centre is to be tried beside this session. */
  #betterWayAtMs(): number | null {
    const { phase } = this.#state
    if (phase.name !== 'live' || phase.leaving) return null
    return this.#options.dialler.betterWayAtMs?.() ?? null
  }

  /** Status and log follow the machine; a log line for every change, none for every attempt. */
  #note(): void {
    const { wallMs, log } = this.#options
    const { url, transport } = this.#way()
    const phase = stateWord(this.#state)
    if (phase !== this.#since.phase) this.#since = { phase, wallMs: wallMs() }
    const { problem } = this.#state
    const text = problem === null ? null : problemText(problem)
    if (phase === 'connected' && this.#saidProblem !== '') {
      log(`connected to ${url}${transport === 'exchange' ? ' over HTTP requests' : ''}`)
      this.#saidProblem = ''
    } else if (text !== null && text !== this.#saidProblem) {
      log(`${url}: ${text}; trying again`)
      this.#saidProblem = text
    }
  }
}

/** A code of ours carries its meaning; 1006 only says that there was no close frame. */
function problemText({ code, text }: { readonly code: number; readonly text: string }): string {
  return code === 1006 || text.includes(String(code)) ? text : `${text} (code ${code})`
}

function stateWord({ phase, retry, problem }: SessionState): UplinkStatus['state'] {
  if (phase.name === 'live') return 'connected'
  if (problem?.code === CloseCode.pending) return 'pending'
  if (retry.refusals > 0) return 'refused'
  return phase.name === 'waiting' || phase.name === 'stopped' ? 'waiting' : 'connecting'
}
