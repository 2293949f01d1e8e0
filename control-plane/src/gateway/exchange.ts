/**
 * Sessions over HTTP requests (`shared/protocol/exchange`): the same machine and the same effects as on a socket, put
 * back where they stood for the time of one request. Nothing of a session stays here: its generation and its turn are
 * in the database, the rest comes with the request, sealed.
 */
import { randomBytes } from 'node:crypto'
import { CloseCode } from '@aloft/shared/protocol/close-codes'
import type { ExchangeRequest } from '@aloft/shared/protocol/exchange'
import { readAgentFrame } from '@aloft/shared/protocol/frames'
import { FRAME_BYTES_MAX } from '@aloft/shared/protocol/version'
import type { SessionNote } from '../agents/presence.ts'
import { isOtherHost } from '../agents/rival.ts'
import { beginTurn, type Turn, type TurnOutcome, whetherOver } from '../agents/turns.ts'
import { deliverDue } from '../commands/deliver.ts'
import { Conflict, Invalid, Unavailable } from '../problems.ts'
import { type Carried, sealCarried, unsealCarried } from './carried.ts'
import { Connection, type Line } from './connection.ts'
import { type ExchangeContext, servicesOf, writeEnd, writeNote } from './exchange-services.ts'
import { SESSION_LIMITS, type SessionLimits } from './machine.ts'
import { spreadMs } from './registry.ts'

/** Requests are every half minute when nothing happens, so silence is told later than on a socket. */
export const EXCHANGE_LIMITS: SessionLimits = { ...SESSION_LIMITS, heartbeatMs: 30_000, silenceMs: 90_000 }

/** Shorter than what proxies give a request that is not answered: 30 s and more. */
export const HOLD_MS = 20_000
/** Turns under way here, before others are asked to come later. */
const TURNS_MAX = 500

/** The answer to one request as JSON text (`ExchangeAnswer`). Throws `Invalid`, `Conflict` or `Unavailable`. */
export type Exchange = (request: ExchangeRequest, caller: Caller) => Promise<string>

export interface Caller {
  /** Of the whole request: a small one has no frame that is too big. */
  readonly bytes: number
  /** Aborted when nobody waits for the answer any more. */
  readonly gone: AbortSignal
}

interface Closing {
  readonly code: number
  readonly reason: string
}

export function createExchange(context: ExchangeContext): Exchange {
  let turns = 0
  return async (request, caller) => {
    if (request.session === null) return begin(context, request)
    const carried = await unsealCarried(context.keys, request.session, context.limits)
    if (carried === null)
      return ended({ code: CloseCode.tryLater, reason: 'this session is not known here: begin anew' })
    if (request.frames.length === 0 && !request.close) return ask(context, carried, { ...request, ...caller })
    if (turns >= TURNS_MAX) throw tooMany(context)
    turns += 1
    try {
      return await takeTurn(context, carried, { ...request, ...caller })
    } finally {
      turns -= 1
    }
  }
}

async function begin(context: ExchangeContext, { frames }: ExchangeRequest): Promise<string> {
  if (frames.length > 0)
    throw new Invalid('a session begins without frames: the challenge comes first', [
      { pointer: '/frames', message: 'must be empty without a session' },
    ])
  // The challenge says who asks: a process that has just begun does not know yet.
  await context.centre.keys()
  const visit = visitOf()
  const connection = new Connection(visit.line, servicesOf(context, null))
  const { session, agent } = await connection.settled()
  return answer(context, visit, { turn: 0, session, agent })
}

/** What the agent says next, in one request. */
async function takeTurn(
  context: ExchangeContext,
  carried: Carried,
  { frames, close, bytes }: ExchangeRequest & Caller,
): Promise<string> {
  const turn = carried.turn + 1
  const before = carried.session.phase === 'probed' ? null : turnOf(carried, turn)
  if (before !== null) {
    const outcome = await beginTurn(context.db, before)
    if (outcome.kind === 'over') return leave(context, carried, outcome)
    if (outcome.kind === 'overtaken')
      throw new Conflict('a later request of this session was answered already')
  }
  const services = servicesOf(context, before)
  const visit = visitOf()
  const connection = new Connection(visit.line, services, carried)
  // A hello, or the answer to a probe, that took longer than it may ends here, as on a socket.
  if (carried.session.phase === 'challenged' || carried.session.phase === 'probed')
    connection.tell({ kind: 'tick' })
  for (const frame of frames) hear(connection, frame, bytes)
  const { session, agent } = await connection.settled()
  const away = services.away()
  if (away !== null) throw away
  if (before !== null) await order(context, connection, { ...before, again: true })
  if (visit.closing !== null || close) {
    connection.gone()
    await writeEnd(context, services)
  } else if (before !== null) await writeNote(context, services, seenBy(before, context.now()))
  return answer(context, visit, { turn, session, agent })
}

/** The session is over: of one that another host took over it matters whether this host is still there. */
async function leave(
  context: ExchangeContext,
  carried: Carried,
  { by, ...closing }: Extract<TurnOutcome, { kind: 'over' }>,
): Promise<string> {
  const host = carried.agent?.host
  if (by === null || host === undefined || !isOtherHost(by, host)) return ended(closing)
  const visit = visitOf()
  const connection = new Connection(visit.line, servicesOf(context, null), carried)
  connection.tell({ kind: 'superseded', probe: randomBytes(16).toString('base64url') })
  return answer(context, visit, { turn: carried.turn, ...(await connection.settled()) })
}

/** A request that says nothing, and may wait until there is something to say to it. */
async function ask(
  context: ExchangeContext,
  carried: Carried,
  { session, waitMs = 0, gone }: ExchangeRequest & Caller,
): Promise<string> {
  const asking = turnOf(carried, carried.turn)
  if (asking === null)
    throw new Invalid('a hello is due', [{ pointer: '/frames', message: 'must bring the hello' }])
  if (carried.session.phase === 'probed') throw new Conflict('the answer to a probe is due')
  const over = await whetherOver(context.db, asking)
  if (over !== null) return overFor(session, over)
  await writeNote(context, servicesOf(context, asking), seenBy(asking, context.now()))
  const ms = Math.min(waitMs, context.holdMs)
  if (ms > 0) await context.holds.hold(asking, ms, gone)
  const overNow = ms > 0 ? await whetherOver(context.db, asking) : null
  if (overNow !== null) return overFor(session, overNow)
  const visit = visitOf()
  // What the session stands at is not changed by what it is told to do.
  const connection = new Connection(visit.line, servicesOf(context, asking), carried)
  await order(context, connection, { ...asking, again: false })
  return textOf({ session, frames: visit.sent, close: null, holdMs: context.holdMs })
}

/** What waits for the agent. A turn says it again until there is a result: an answer may have been lost. */
function order(
  { db, now }: ExchangeContext,
  connection: Connection,
  { agentId, generation, again }: Turn & { readonly again: boolean },
): Promise<void> {
  const of = { agentId, generation }
  return deliverDue({ db, nowMs: now(), of, again, order: (_, command) => connection.order(command) })
}

/** One that only asks learns of a session from another host with its next turn, which can be asked something. */
function overFor(session: string | null, over: Extract<TurnOutcome, { kind: 'over' }>): string {
  return over.by === null ? ended(over) : textOf({ session, frames: [], close: null, holdMs: 0 })
}

function turnOf({ agent }: Carried, turn: number): Turn | null {
  return agent === null ? null : { agentId: agent.agent.id, generation: agent.generation, turn }
}

/** The bare fact that the agent was heard. */
function seenBy({ agentId, generation }: Turn, seenAtMs: number): SessionNote {
  const nothing = { clockOffsetMs: null, clockErrorMs: null, spoolBacklog: null, routerAlive: null }
  return { agentId, generation, seenAtMs, ...nothing }
}

function hear(connection: Connection, frame: unknown, bytes: number): void {
  if (bytes > FRAME_BYTES_MAX && Buffer.byteLength(JSON.stringify(frame) ?? '') > FRAME_BYTES_MAX)
    connection.tell({
      kind: 'ended',
      code: CloseCode.tooBig,
      reason: `a frame over ${FRAME_BYTES_MAX} bytes`,
    })
  else connection.tell({ kind: 'frame', frame: readAgentFrame(frame) })
}

/** One request, as the connection sees it: a line on which everything is taken, and read by nobody but us. */
function visitOf(): { readonly line: Line; readonly sent: string[]; closing: Closing | null } {
  const visit = {
    sent: [] as string[],
    closing: null as Closing | null,
    line: {
      send: (text: string) => void visit.sent.push(text),
      close: (code: number, reason: string) => {
        visit.closing ??= { code, reason }
      },
      pause: () => {},
      resume: () => {},
      bufferedBytes: () => 0,
    },
  }
  return visit
}

async function answer(
  context: ExchangeContext,
  { sent, closing }: ReturnType<typeof visitOf>,
  carried: Carried,
): Promise<string> {
  const session = closing === null ? await sealCarried(context.keys, carried) : null
  return textOf({ session, frames: sent, close: closing, holdMs: context.holdMs })
}

function ended({ code, reason }: Closing): string {
  return textOf({ session: null, frames: [], close: { code, reason }, holdMs: 0 })
}

/** Frames are JSON already. */
function textOf(parts: {
  readonly session: string | null
  readonly frames: readonly string[]
  readonly close: Closing | null
  readonly holdMs: number
}): string {
  const { frames, ...rest } = parts
  return `{"frames":[${frames.join(',')}],${JSON.stringify(rest).slice(1)}`
}

/**
 * Spread like a welcome spreads the agents: they must not come back in one instant. The database is not asked how many they
 * are: what keeps so many waiting is most likely that it does not answer.
 */
function tooMany(context: ExchangeContext): Unavailable {
  const withinMs = spreadMs(Math.max(context.connectedLately(), TURNS_MAX))
  const random = randomBytes(4).readUInt32BE() / 2 ** 32
  return new Unavailable('too many requests of agents at once', 1_000 + random * withinMs)
}
