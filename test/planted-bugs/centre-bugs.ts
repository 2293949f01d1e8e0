/**
 * Bugs of a control plane, each with the test file that must notice it: what was observed is lost or invented, an old
 * session or an old run writes over a new one, somebody is let in who should not be.
 */
import type { Bug } from './bugs.ts'

export interface CentreBug extends Bug {
  /** From the root of the repository. */
  readonly suite: string
  /** Of that suite, the tests that are run: a pattern of their names. */
  readonly tests: string
}

const SRC = 'control-plane/src'

export const CENTRE_BUGS: readonly CentreBug[] = [
  {
    name: 'events are acknowledged before they are committed',
    file: `${SRC}/gateway/writer.ts`,
    original: 'const outcomes = await transact(state.db, (tx) => ingest(tx, batches, state.wallMs()))',
    planted:
      "const outcomes = batches.map(({ events }) => ({ kind: 'held' as const, seq: events.at(-1)?.seq ?? 0 })); void transact(state.db, (tx) => ingest(tx, batches, state.wallMs()))",
    suite: `${SRC}/gateway/writer.lab.test.ts`,
    tests: 'a transaction that waits',
  },
  {
    name: 'a batch that begins too far on is taken all the same',
    file: `${SRC}/events/held.ts`,
    original: 'first.seq > heldSeq + 1',
    planted: 'first.seq > heldSeq + 1_000_000',
    suite: `${SRC}/events/ingest.lab.test.ts`,
    tests: 'a cursor',
  },
  {
    name: 'events of an older session are taken',
    file: `${SRC}/events/ingest.ts`,
    original: 'generation === null || generation === newest.get(agentId)',
    planted: 'generation === null || newest.size >= 0',
    suite: `${SRC}/gateway/generations.lab.test.ts`,
    tests: 'of an older session',
  },
  {
    name: 'a heartbeat of an older session keeps its agent alive',
    file: `${SRC}/agents/store-sessions.ts`,
    original: 'where s.agent_id = n."agentId" and s.generation = n.generation\n    returning s.agent_id',
    planted: 'where s.agent_id = n."agentId"\n    returning s.agent_id',
    suite: `${SRC}/gateway/generations.lab.test.ts`,
    tests: 'its heartbeat',
  },
  {
    name: 'the end of an older session ends the newer one',
    file: `${SRC}/agents/store-sessions.ts`,
    original:
      'where s.agent_id = e."agentId" and s.generation = e.generation and s.disconnected_at_ms is null',
    planted: 'where s.agent_id = e."agentId" and s.disconnected_at_ms is null',
    suite: `${SRC}/gateway/generations.lab.test.ts`,
    tests: 'its end',
  },
  {
    name: 'what the centre itself was away for makes agents absent',
    file: `${SRC}/database/live-session.ts`,
    original: 'where last.disconnected_at_ms >= watch.away_since_ms and',
    planted: 'where false and',
    suite: `${SRC}/agents/amnesty.lab.test.ts`,
    tests: 'gone while PostgreSQL was away',
  },
  {
    name: 'a dead replica is held against its agents',
    file: `${SRC}/agents/store-watch.ts`,
    original: 'excused_until_ms = greatest(',
    planted: 'excused_until_ms = 0 * greatest(',
    suite: `${SRC}/agents/amnesty.lab.test.ts`,
    tests: 'all replicas dead for a minute',
  },
  {
    name: 'the role of an agent that a peer took over from is shown as it was',
    file: `${SRC}/database/live-session.ts`,
    original: '\n  and not coalesce(m.taken_at_ms > s.last_seen_at_ms, false))`',
    planted: ')`',
    suite: `${SRC}/agents/presence.lab.test.ts`,
    tests: 'two that are active',
  },
  {
    name: 'who nobody can speak of is down',
    file: `${SRC}/database/live-session.ts`,
    original: "then 'down'\n  else 'unknown' end`",
    planted: "then 'down'\n  else 'down' end`",
    suite: `${SRC}/agents/presence.lab.test.ts`,
    tests: 'silent',
  },
  {
    name: 'a run that lost its lock goes on writing',
    file: `${SRC}/duties/tick.ts`,
    original: 'if (!(await holdFence(at, name, token))) throw new LostFence(name)',
    planted: 'if ((await holdFence(at, name, token)) === null) throw new LostFence(name)',
    suite: `${SRC}/duties/tick.lab.test.ts`,
    tests: 'the fence',
  },
  {
    name: 'two entries of the record may follow the same one',
    file: `${SRC}/audit/store-record.ts`,
    original: 'pg_advisory_xact_lock(',
    planted: 'pg_advisory_xact_lock_shared(',
    suite: `${SRC}/audit/record.lab.test.ts`,
    tests: 'chains entries',
  },
  {
    name: 'the hash of a change does not cover what was there before',
    file: 'shared/src/api/audit.ts',
    original: '...[action, targetKind, targetId, siteId, before, after],',
    planted: '...[action, targetKind, targetId, siteId, after],',
    suite: 'shared/src/api/audit.test.ts',
    tests: 'covers',
  },
  {
    name: 'a command is done twice: its result may come from an older session',
    file: `${SRC}/commands/store.ts`,
    original: 'where s.agent_id = c.agent_id and s.generation = ',
    planted: 'where s.agent_id = c.agent_id and s.generation >= ',
    suite: `${SRC}/commands/commands.lab.test.ts`,
    tests: 'has one result',
  },
  {
    name: 'a revoked agent is let in',
    file: `${SRC}/agents/admit.ts`,
    original: "if (agent.standing === 'revoked')\n    return refused(",
    planted: "if (agent.standing === ('never' as string))\n    return refused(",
    suite: `${SRC}/agents/standing.lab.test.ts`,
    tests: 'rejected',
  },
  {
    name: 'a verb about an agent reaches those of other sites',
    file: `${SRC}/agents/on-agent.ts`,
    original: 'agent === null || !reaches(reach, agent.siteId)',
    planted: 'agent === null',
    suite: `${SRC}/agents/standing.lab.test.ts`,
    tests: 'within reach',
  },
  {
    name: 'a credential is good for any agent',
    file: `${SRC}/agents/credential.ts`,
    original: "if (credential.agentId !== shown.agentId) return bad('it is of another agent')",
    planted: '',
    suite: `${SRC}/agents/credential.test.ts`,
    tests: 'hostile credential',
  },
  {
    name: 'a token of somebody who was demoted goes on as before',
    file: `${SRC}/access/permissions.ts`,
    original: 'return within === null ? own : intersection(own, reachOf(within, permission))',
    planted: 'return within === null ? own : own',
    suite: `${SRC}/access/permissions.test.ts`,
    tests: 'a token of an owner',
  },
  {
    name: 'a page of somebody else may change things with our cookie',
    file: `${SRC}/http/credentials.ts`,
    original: "if (!SAFE.has(c.req.method) && credential.kind === 'session') requireOwnPage(c)",
    planted: '',
    suite: `${SRC}/app.lab.test.ts`,
    tests: 'own pages only',
  },
  {
    name: 'a stream goes on for somebody who was shut out',
    file: `${SRC}/stream/routes.ts`,
    original: 'if (error instanceof Unauthenticated || error instanceof Forbidden) return null',
    planted: "if (error instanceof Unauthenticated || error instanceof Forbidden) return c.get('reach')",
    suite: `${SRC}/stream/stream-access.lab.test.ts`,
    tests: 'ends when',
  },
  {
    name: 'a gap of lost events is forgotten',
    file: `${SRC}/agents/admit.ts`,
    original: 'await recordMissing(tx, { agentId: agent.id, epoch, seq: heldSeq + 1, events, nowMs })',
    planted: 'void [recordMissing, events]',
    suite: `${SRC}/agents/missing-events.lab.test.ts`,
    tests: 'what was between',
  },
]
