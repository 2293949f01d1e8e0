/** One session's machine, the clock it goes by, and what a test asks of its actions. */
import type { SpooledEvent } from '@aloft/shared/protocol/events'
import type { AgentFrame, ServerFrame } from '@aloft/shared/protocol/frames'
import { nextDeadlineMs, stepSession } from './machine.ts'
import type { SessionAction, SessionEvent, SessionState } from './state.ts'

export const CONFIG = {
  agentId: 'a1',
  node: 'lb1',
  software: 'test',
  bootId: 'boot',
  runId: 'run',
  machineId: 'm1',
}

/** How far the wall clock is ahead of the monotonic one, unless a test says otherwise. */
export const WALL_MINUS_MONO = 1_000_000

export class SessionUnderTest {
  state: SessionState
  now = 0
  random = 0.5
  readonly #wallMinusMono: number

  constructor(state: SessionState, wallMinusMono = WALL_MINUS_MONO) {
    this.state = state
    this.#wallMinusMono = wallMinusMono
  }

  feed(event: SessionEvent): readonly SessionAction[] {
    const moment = { nowMs: this.now, wallMs: this.now + this.#wallMinusMono, random: this.random }
    const [next, actions] = stepSession(CONFIG, this.state, event, moment)
    this.state = next
    return actions
  }

  hear(frame: ServerFrame): readonly SessionAction[] {
    return this.feed({ kind: 'frame', frame })
  }

  /** Lets time pass, ringing every deadline on the way; `rung` may do something after each. */
  wait(ms: number, rung = () => {}): readonly SessionAction[] {
    const until = this.now + ms
    const actions: SessionAction[] = []
    for (let at = nextDeadlineMs(this.state); at !== null && at <= until; at = nextDeadlineMs(this.state)) {
      this.now = Math.max(this.now, at)
      actions.push(...this.feed({ kind: 'tick' }))
      rung()
    }
    this.now = until
    return actions
  }
}

export function spooledEvents(from: number, to: number): SpooledEvent[] {
  return Array.from({ length: to - from + 1 }, (_, i) => ({
    seq: from + i,
    at: { wallMs: 0, monoMs: 0, bootId: 'boot' },
    body: { kind: 'link', interface: 'eth0', up: true },
  }))
}

export function sent(actions: readonly SessionAction[]): readonly AgentFrame[] {
  return actions.flatMap((action) => (action.do === 'send' ? [action.frame] : []))
}

export function closes(actions: readonly SessionAction[]): readonly number[] {
  return actions.flatMap((action) => (action.do === 'close' ? [action.code] : []))
}
