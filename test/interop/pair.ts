/** One LAN with us on one host and a peer of another make on the other. */
import { createLan, ip, type Lan } from '../../agent/src/linux/namespace.ts'
import { type LabAgent, startAgent } from '../lab/agent.ts'
import { startFrr } from '../lab/frr.ts'
import { type KeepalivedRouter, startKeepalived } from '../lab/keepalived.ts'

export type Make = 'keepalived' | 'FRR'
export type Transport = 'multicast' | 'unicast'

/** A way of speaking VRRP. */
export interface Dialect {
  readonly name: 'v2 none' | 'v2 PASS' | 'v2 AH' | 'v3' | 'v3 IPv6'
  readonly version: 2 | 3
  readonly family: 'ipv4' | 'ipv6'
  readonly password: string | null
  readonly intervalMs: number
}

const DIALECT = { version: 2, family: 'ipv4', password: null, intervalMs: 1_000 } as const
export const DIALECTS: readonly Dialect[] = [
  { ...DIALECT, name: 'v2 none' },
  { ...DIALECT, name: 'v2 PASS', password: 'secret42' },
  { ...DIALECT, name: 'v2 AH', password: 'secret42' },
  { ...DIALECT, name: 'v3', version: 3, intervalMs: 100 },
  { ...DIALECT, name: 'v3 IPv6', version: 3, family: 'ipv6', intervalMs: 100 },
]

export const OUR_ADDRESS = '10.78.0.1'
export const THEIR_ADDRESS = '10.78.0.2'
const OUR_IPV6 = '2001:db8:78::1'
const THEIR_IPV6 = '2001:db8:78::2'
const VIP = { ipv4: '10.78.0.100', ipv6: 'fe80::100' }
const VRID = 51

export interface Elected {
  readonly priority: number
  readonly preempt?: boolean
}

/** What a story needs of a peer, whoever made it. */
export interface Peer {
  role(): Promise<'active' | 'backup' | 'neither'>
  log(): string
  stop(): Promise<void>
  /** Ends at once, without a word. */
  crash(): Promise<void>
}

export interface Pair {
  readonly lan: Lan
  startOurs(options: Elected): LabAgent
  startTheirs(options: Elected): Promise<Peer>
  /** Whether our host holds the virtual address now. */
  isHeldByUs(): Promise<boolean>
  /** Ends whatever is still running and removes the LAN. */
  remove(): Promise<void>
}

let made = 0

export async function createPair(
  dialect: Dialect,
  { make = 'keepalived' as Make, transport = 'multicast' as Transport } = {},
): Promise<Pair> {
  made += 1
  const hosts = [
    { name: 'ours', addresses: [`${OUR_ADDRESS}/24`] },
    { name: 'theirs', addresses: [`${THEIR_ADDRESS}/24`] },
  ]
  const lan = await createLan(`interop${process.pid}-${made}`, hosts, '10.78.0.254/24')
  if (dialect.family === 'ipv6') {
    await setIpv6(lan.namespaceOf('ours'), OUR_IPV6, 'fe80::1')
    await setIpv6(lan.namespaceOf('theirs'), THEIR_IPV6, 'fe80::2')
  }
  const agents: LabAgent[] = []
  const peers: Peer[] = []
  return {
    lan,
    startOurs(options) {
      const config = ourConfig(dialect, transport, options)
      const agent = startAgent({ namespace: lan.namespaceOf('ours'), config })
      agents.push(agent)
      return agent
    },
    async startTheirs(options) {
      const namespace = lan.namespaceOf('theirs')
      const peer =
        make === 'FRR'
          ? await frrPeer(namespace, dialect, options)
          : keepalivedPeer(namespace, keepalivedRouter(dialect, transport, options))
      peers.push(peer)
      return peer
    },
    async isHeldByUs() {
      const shown = await ip('-n', lan.namespaceOf('ours'), '-o', 'addr', 'show', 'dev', 'eth0')
      return shown.includes(` ${VIP[dialect.family]}/`)
    },
    async remove() {
      for (const agent of agents) await agent.kill()
      for (const peer of peers) await peer.crash()
      await lan.remove()
    },
  }
}

/** Known addresses instead of those made of the MAC address: the higher one wins a tie. */
async function setIpv6(namespace: string, address: string, linkLocal: string): Promise<void> {
  await ip('-n', namespace, 'addr', 'flush', 'dev', 'eth0', 'scope', 'link')
  for (const each of [linkLocal, address])
    await ip('-n', namespace, 'addr', 'add', `${each}/64`, 'dev', 'eth0', 'nodad')
}

function keepalivedRouter(
  { family, version, intervalMs, password, name }: Dialect,
  transport: Transport,
  { priority, preempt = true }: Elected,
): KeepalivedRouter {
  const [source, peer] = family === 'ipv6' ? [THEIR_IPV6, OUR_IPV6] : [THEIR_ADDRESS, OUR_ADDRESS]
  return {
    name: 'web',
    vrid: VRID,
    version,
    priority,
    preempt,
    intervalMs,
    addresses: [family === 'ipv6' ? `${VIP.ipv6}/64` : `${VIP.ipv4}/24`],
    ...(password !== null && { password, authentication: name === 'v2 AH' ? 'AH' : 'PASS' }),
    ...(transport === 'unicast' && { more: [`unicast_src_ip ${source}`, 'unicast_peer {', peer, '}'] }),
  }
}

function keepalivedPeer(namespace: string, router: KeepalivedRouter): Peer {
  const keepalived = startKeepalived({ namespace, routers: [router], realtimePriority: 1 })
  let isGone = false
  const once = (end: () => Promise<void>) => async () => {
    if (isGone) return
    isGone = true
    await end()
  }
  return {
    role: async () =>
      (({ MASTER: 'active', BACKUP: 'backup', FAULT: 'neither', INIT: 'neither' }) as const)[
        keepalived.state()
      ],
    log: () => keepalived.log(),
    stop: once(() => keepalived.stop()),
    crash: once(() => keepalived.crash()),
  }
}

async function frrPeer(
  namespace: string,
  { version, intervalMs, family }: Dialect,
  { priority, preempt = true }: Elected,
): Promise<Peer> {
  const address = VIP[family]
  const frr = await startFrr(namespace, { vrid: VRID, version, intervalMs, priority, preempt, address })
  return {
    role: async () => {
      const { status, canSpeak } = await frr.state()
      // FRR says Master, then has zebra raise its macvlan, and hears of its IPv6 address once the kernel knows that
      // nobody else has it. Somebody who answers for the address meanwhile would silence it for ever.
      if (status === 'Master') return canSpeak && !(await hasTentative(namespace)) ? 'active' : 'neither'
      return status === 'Backup' ? 'backup' : 'neither'
    },
    log: () => frr.log(),
    stop: () => frr.stop(),
    crash: () => frr.crash(),
  }
}

async function hasTentative(namespace: string): Promise<boolean> {
  return (await ip('-n', namespace, '-6', '-o', 'addr', 'show', 'tentative')) !== ''
}

function ourConfig(dialect: Dialect, transport: Transport, { priority, preempt = true }: Elected): string {
  const { name, password, family, version, intervalMs } = dialect
  const type = name === 'v2 AH' ? 'ah' : 'simple'
  // One list for both hosts: each leaves itself out.
  const peers = family === 'ipv6' ? [OUR_IPV6, THEIR_IPV6] : [OUR_ADDRESS, THEIR_ADDRESS]
  return [
    'node: ours',
    'virtualRouters:',
    '  - name: web',
    '    interface: eth0',
    `    vrid: ${VRID}`,
    `    version: ${version}`,
    `    priority: ${priority}`,
    `    advertisementInterval: ${intervalMs}ms`,
    `    preempt: ${preempt}`,
    `    addresses: ["${VIP[family]}/${family === 'ipv6' ? 64 : 24}"]`,
    ...(password === null ? [] : [`    authentication: { type: ${type}, password: ${password} }`]),
    ...(transport === 'unicast'
      ? [`    unicast: { peers: [${peers.map((each) => `"${each}"`).join(', ')}] }`]
      : []),
  ].join('\n')
}
