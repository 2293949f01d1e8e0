import { setTimeout as sleep } from 'node:timers/promises'
import {
  closeSessions,
  type EndedSession,
  keepReplica,
  type NewerSession,
  noteSessions,
  type SessionNote,
} from '../agents/presence.ts'
import type { Database } from '../database/client.ts'
import { transact } from '../database/transact.ts'

/**
 * Who is connected, written down in turn: ends of sessions at once, what heartbeats say once a second, the lease of
 * this replica every few seconds. What cannot be written now is tried again, and the newest note of a session
 * replaces an older one, so this never grows beyond one entry a session.
 */
export interface PresenceWriter {
  note(note: SessionNote): void
  ended(session: EndedSession): void
  stop(): Promise<void>
}

export interface PresenceOptions {
  readonly db: Database
  readonly replica: string
  readonly wallMs: () => number
  readonly log: { warn(facts: object, message: string): void }
  /** These agents have a newer session than the one they were noted for, or theirs was ended. */
  superseded(newer: readonly NewerSession[]): void
}

const NOTE_EVERY_MS = 1_000
const LEASE_EVERY_MS = 4_000
const RETRY_MS = 500

export function startPresenceWriter(options: PresenceOptions): PresenceWriter {
  const state: State = {
    ...options,
    notes: new Map(),
    ends: [],
    due: { notes: false, lease: true },
    running: null,
    stopping: false,
  }
  const timers = [
    setInterval(() => kick(state, 'notes'), NOTE_EVERY_MS),
    setInterval(() => kick(state, 'lease'), LEASE_EVERY_MS),
  ]
  kick(state, 'lease')
  return {
    note: (note) => void state.notes.set(note.agentId, merged(state.notes.get(note.agentId) ?? null, note)),
    ended: (session) => {
      // A note written after the end would make the session live again.
      if (state.notes.get(session.agentId)?.generation === session.generation)
        state.notes.delete(session.agentId)
      state.ends.push(session)
      kick(state)
    },
    stop: async () => {
      for (const timer of timers) clearInterval(timer)
      state.stopping = true
      kick(state, 'notes')
      await state.running
    },
  }
}

/** A note says what it knows; what it leaves open, an earlier one of the session that still waits may know. */
export function merged(before: SessionNote | null, note: SessionNote): SessionNote {
  if (before === null || before.generation !== note.generation) return note
  return {
    ...note,
    clockOffsetMs: note.clockOffsetMs ?? before.clockOffsetMs,
    clockErrorMs: note.clockErrorMs ?? before.clockErrorMs,
    spoolBacklog: note.spoolBacklog ?? before.spoolBacklog,
    routerAlive: note.routerAlive ?? before.routerAlive,
  }
}

interface State extends PresenceOptions {
  readonly notes: Map<string, SessionNote>
  ends: EndedSession[]
  readonly due: { notes: boolean; lease: boolean }
  running: Promise<void> | null
  stopping: boolean
}

function kick(state: State, due?: 'notes' | 'lease'): void {
  if (due !== undefined) state.due[due] = true
  state.running ??= run(state).finally(() => {
    state.running = null
  })
}

async function run(state: State): Promise<void> {
  while (state.ends.length > 0 || state.due.lease || (state.due.notes && state.notes.size > 0)) {
    try {
      await writeEnds(state)
      await writeNotes(state)
      await writeLease(state)
    } catch (error) {
      state.log.warn({ err: error }, 'presence cannot be written now')
      if (state.stopping) return
      await sleep(RETRY_MS)
    }
  }
  state.due.notes = false
}

async function writeEnds(state: State): Promise<void> {
  const ends = [...state.ends]
  if (ends.length === 0) return
  await transact(state.db, (tx) => closeSessions(tx, ends, state.wallMs()))
  state.ends = state.ends.slice(ends.length)
}

async function writeNotes(state: State): Promise<void> {
  const notes = [...state.notes.values()]
  if (!state.due.notes || notes.length === 0) return
  const superseded = await transact(state.db, (tx) => noteSessions(tx, notes, state.wallMs()))
  for (const note of notes) {
    if (state.notes.get(note.agentId) === note) state.notes.delete(note.agentId)
  }
  state.due.notes = false
  state.superseded(superseded)
}

async function writeLease(state: State): Promise<void> {
  if (!state.due.lease) return
  await transact(state.db, (tx) => keepReplica(tx, state.replica))
  state.due.lease = false
}
