/** Who is measured: two nodes of ours, two of keepalived's, configured alike. Node `a` is the better one. */
import type { Lan } from '../../agent/src/linux/namespace.ts'
import { startAgent, untilRole } from '../lab/agent.ts'
import { startKeepalived } from '../lab/keepalived.ts'
import { pause, until } from '../lab/wait.ts'

export interface ContenderOptions {
  readonly lan: Lan
  readonly intervalMs: number
  /** With prefix length. */
  readonly address: string
}

export interface Contender {
  readonly name: 'aloft' | 'keepalived'
  /** Resolves when node `a` is active and both are settled. */
  start(options: ContenderOptions): Promise<RunningPair>
}

export interface RunningPair {
  /** Node `a`, which is active when the pair has started. `pid`: whom to tell to stop. */
  readonly active: { pid(): number; readonly stateDir: string | null }
  stop(): Promise<void>
}

const NODES = [
  { name: 'a', priority: 200 },
  { name: 'b', priority: 100 },
] as const

/** Long enough for second announcement bursts and slow starts to be over. */
const SETTLE_MS = 700

/** Nothing where it is the default, so that what is measured then is the default config. */
function intervalText(intervalMs: number): string {
  return intervalMs === 1_000 ? '' : `advertisementInterval: ${intervalMs}ms, `
}

const aloft: Contender = {
  name: 'aloft',
  async start({ lan, intervalMs, address }) {
    const agents = NODES.map(({ name, priority }) =>
      startAgent({
        namespace: lan.namespaceOf(name),
        config: [
          `node: ${name}`,
          'virtualRouters:',
          `  - { name: web, interface: eth0, vrid: 51, priority: ${priority}, ${intervalText(intervalMs)}addresses: [${address}] }`,
        ].join('\n'),
      }),
    )
    const [a, b] = agents
    if (a === undefined || b === undefined) throw new Error('two agents were to be started')
    await untilRole(a, 'web', 'active', 15_000)
    await untilRole(b, 'web', 'backup', 15_000)
    await pause(SETTLE_MS)
    return {
      active: { pid: () => a.pidOf('steward'), stateDir: a.stateDir },
      async stop() {
        for (const agent of agents) await agent.stop()
      },
    }
  },
}

const keepalived: Contender = {
  name: 'keepalived',
  async start({ lan, intervalMs, address }) {
    const daemons = NODES.map(({ name, priority }) =>
      startKeepalived({
        namespace: lan.namespaceOf(name),
        // As real-time as ours, so that neither wins by its scheduling class.
        realtimePriority: 50,
        routers: [{ name: 'web', vrid: 51, version: 3, priority, intervalMs, addresses: [address] }],
      }),
    )
    const [a, b] = daemons
    if (a === undefined || b === undefined) throw new Error('two daemons were to be started')
    await until(() => a.state() === 'MASTER' && b.state() === 'BACKUP', {
      what: 'keepalived to settle',
      withinMs: 15_000,
    })
    await pause(SETTLE_MS)
    return {
      active: { pid: () => a.pid, stateDir: null },
      async stop() {
        for (const daemon of daemons) await daemon.stop()
      },
    }
  },
}

export const contenders: readonly Contender[] = [aloft, keepalived]
