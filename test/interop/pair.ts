/** One LAN with us on one host and keepalived on the other. */
import { createLan, ip, type Lan } from '../../agent/src/linux/namespace.ts'
import { type LabAgent, startAgent } from '../lab/agent.ts'
import { type Keepalived, startKeepalived } from '../lab/keepalived.ts'

/** The three dialects keepalived's users speak on IPv4. */
export interface Dialect {
  readonly name: 'v2 none' | 'v2 PASS' | 'v3'
  readonly version: 2 | 3
  readonly password: string | null
  readonly intervalMs: number
}

export const DIALECTS: readonly Dialect[] = [
  { name: 'v2 none', version: 2, password: null, intervalMs: 1_000 },
  { name: 'v2 PASS', version: 2, password: 'secret42', intervalMs: 1_000 },
  { name: 'v3', version: 3, password: null, intervalMs: 100 },
]

export const OUR_ADDRESS = '10.78.0.1'
export const THEIR_ADDRESS = '10.78.0.2'
export const VIP = '10.78.0.100'
const VRID = 51

export interface Pair {
  readonly lan: Lan
  startOurs(options: { readonly priority: number; readonly preempt?: boolean }): LabAgent
  startTheirs(options: { readonly priority: number; readonly preempt?: boolean }): Keepalived
  /** Which of the two hosts hold the virtual address now. */
  holders(): Promise<readonly ('ours' | 'theirs')[]>
  /** Ends whatever is still running and removes the LAN. */
  remove(): Promise<void>
}

let made = 0

export async function createPair(dialect: Dialect): Promise<Pair> {
  made += 1
  const hosts = [
    { name: 'ours', addresses: [`${OUR_ADDRESS}/24`] },
    { name: 'theirs', addresses: [`${THEIR_ADDRESS}/24`] },
  ]
  const lan = await createLan(`interop${process.pid}-${made}`, hosts, '10.78.0.254/24')
  const agents: LabAgent[] = []
  const peers: Keepalived[] = []
  return {
    lan,
    startOurs(options) {
      const agent = startAgent({ namespace: lan.namespaceOf('ours'), config: ourConfig(dialect, options) })
      agents.push(agent)
      return agent
    },
    startTheirs({ priority, preempt = true }) {
      const router = {
        name: 'web',
        vrid: VRID,
        version: dialect.version,
        priority,
        preempt,
        intervalMs: dialect.intervalMs,
        addresses: [`${VIP}/24`],
        ...(dialect.password !== null && { password: dialect.password }),
      }
      const peer = startKeepalived({ namespace: lan.namespaceOf('theirs'), routers: [router] })
      peers.push(peer)
      return peer
    },
    async holders() {
      const held = await Promise.all(
        (['ours', 'theirs'] as const).map(async (host) => ((await holdsVip(lan, host)) ? host : null)),
      )
      return held.filter((host) => host !== null)
    },
    async remove() {
      for (const agent of agents) await agent.kill()
      for (const peer of peers) await peer.kill()
      await lan.remove()
    },
  }
}

async function holdsVip(lan: Lan, host: string): Promise<boolean> {
  return (await ip('-n', lan.namespaceOf(host), '-o', 'addr', 'show', 'dev', 'eth0')).includes(` ${VIP}/`)
}

function ourConfig(
  dialect: Dialect,
  { priority, preempt = true }: { priority: number; preempt?: boolean },
): string {
  const authentication =
    dialect.password === null ? [] : [`    authentication: { type: simple, password: ${dialect.password} }`]
  return [
    'node: ours',
    'virtualRouters:',
    '  - name: web',
    '    interface: eth0',
    `    vrid: ${VRID}`,
    `    version: ${dialect.version}`,
    `    priority: ${priority}`,
    `    advertisementInterval: ${dialect.intervalMs}ms`,
    `    preempt: ${preempt}`,
    `    addresses: [${VIP}/24]`,
    ...authentication,
  ].join('\n')
}
