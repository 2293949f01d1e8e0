/** Our sessions with FRR's bfdd and keepalived's bfd_instance: up, timed, down for the right reason, in both directions. */
import { afterEach, describe, expect, it } from 'vitest'
import { createLan, type Lan } from '../../agent/src/linux/namespace.ts'
import { type LabAgent, startAgent, untilRole } from '../lab/agent.ts'
import { type BfdPeer, type PeerSession, startFrrBfd, startKeepalivedBfd } from '../lab/bfd-peers.ts'
import { until } from '../lab/wait.ts'

const OURS = { ipv4: '10.79.0.1', ipv6: '2001:db8:79::1' }
const THEIRS = { ipv4: '10.79.0.2', ipv6: '2001:db8:79::2' }
const INTERVAL_MS = 50
/** A busy machine may look late; a session that missed its detection time would be seconds late. */
const SLACK_MS = 300

let lan: Lan | null = null
let agent: LabAgent | null = null
let peer: BfdPeer | null = null

afterEach(async () => {
  await agent?.stop()
  await peer?.crash().catch(() => {})
  await lan?.remove()
  agent = null
  peer = null
  lan = null
})

interface Kind {
  readonly name: string
  readonly family: 'ipv4' | 'ipv6'
  /** Of our session. */
  readonly keys?: string
  readonly theirs?: Partial<PeerSession>
}

const KINDS: readonly Kind[] = [
  { name: 'single hop over IPv4', family: 'ipv4' },
  { name: 'single hop over IPv6', family: 'ipv6' },
  { name: 'we are passive', family: 'ipv4', keys: ', passive: true' },
  { name: 'the peer is passive', family: 'ipv4', theirs: { passive: true } },
  {
    name: 'keepalived-and-vrrp.md §1.10: multihop',
    family: 'ipv4',
    keys: ', multihop: true',
    theirs: { multihop: true },
  },
]

async function start<T extends BfdPeer>(
  startPeer: (session: PeerSession) => Promise<T>,
  { family, keys = '', theirs = {} }: Kind,
): Promise<{ ours: LabAgent; theirs: T }> {
  const hosts = ['a', 'b'].map((name, i) => ({
    name,
    addresses: [`10.79.0.${i + 1}/24`, `2001:db8:79::${i + 1}/64`],
  }))
  lan = await createLan(`bfdx${process.pid}`, hosts)
  const ends = `neighbor: "${THEIRS[family]}", source: "${OURS[family]}"`
  const timing = `minTx: ${INTERVAL_MS}ms, minRx: ${INTERVAL_MS}ms`
  const ours = startAgent({
    namespace: lan.namespaceOf('a'),
    config: `node: a\nvirtualRouters: []\nbfd: [{ name: peer, ${ends}, ${timing}${keys} }]\n`,
  })
  agent = ours
  const started = await startPeer({
    namespace: lan.namespaceOf('b'),
    local: THEIRS[family],
    remote: OURS[family],
    intervalMs: INTERVAL_MS,
    multiplier: 4,
    ...theirs,
  })
  peer = started
  return { ours, theirs: started }
}

const sessionOf = async (ours: LabAgent) => (await ours.routerStatus().catch(() => null))?.bfd?.sessions[0]

async function untilUp(ours: LabAgent, theirs: BfdPeer): Promise<void> {
  await until(async () => (await sessionOf(ours))?.state === 'up' && (await theirs.isUp()), {
    what: `both to be up; the agent says:\n${ours.log()}\nthe peer:\n${theirs.log()}`,
    withinMs: 15_000,
    everyMs: 50,
  })
}

async function untilDown(ours: LabAgent) {
  await until(async () => (await sessionOf(ours))?.state === 'down', { what: 'down', withinMs: 5_000 })
  return sessionOf(ours)
}

describe('FRR’s bfdd', () => {
  it.each(KINDS)('$name: comes up, and a dead peer is noticed within the detection time', async (kind) => {
    const { ours, theirs } = await start(startFrrBfd, kind)
    await untilUp(ours, theirs)
    await until(async () => (await sessionOf(ours))?.detectionMs === 4 * INTERVAL_MS, {
      what: 'the timers to be negotiated',
      withinMs: 3_000,
    })
    const shown = await theirs.shown()
    expect(shown?.['remote-transmit-interval']).toBe(INTERVAL_MS)
    expect(shown?.['remote-detect-multiplier']).toBe(3)
    const killedAt = Date.now()
    await theirs.crash()
    const session = await untilDown(ours)
    expect(session?.diagnostic).toBe('detection-time-expired')
    expect((session?.sinceWallMs ?? 0) - killedAt).toBeLessThan(4 * INTERVAL_MS + SLACK_MS)
  })

  it('notices that we die, and that we end politely', async () => {
    const { ours, theirs } = await start(startFrrBfd, { name: '', family: 'ipv4' })
    await untilUp(ours, theirs)
    const before = await theirs.losses()
    ours.killProcess('router')
    await until(async () => (await theirs.losses()) > before, { what: 'down there', withinMs: 2_000 })
    await untilUp(ours, theirs)
    await ours.stop()
    agent = null
    await until(async () => !(await theirs.isUp()), { what: 'down there', withinMs: 2_000 })
  })

  it('administratively down is no loss: the neighbour said so', async () => {
    const { ours, theirs } = await start(startFrrBfd, { name: '', family: 'ipv4' })
    await untilUp(ours, theirs)
    await theirs.disable()
    expect(await untilDown(ours)).toMatchObject({ diagnostic: 'neighbor-down' })
  })
})

describe('keepalived’s bfd_instance', () => {
  // keepalived 2.2.7 does not know the keyword multihop yet.
  it.each(KINDS.filter(({ family, theirs }) => family === 'ipv4' && !theirs?.multihop))(
    '$name: comes up, and a dead peer is noticed within the detection time',
    async (kind) => {
      const { ours, theirs } = await start(startKeepalivedBfd, kind)
      await untilUp(ours, theirs)
      // RFC 5880 §6.8.3: until it is up, the neighbour sends once a second, and is missed for as long.
      await until(async () => ((await sessionOf(ours))?.detectionMs ?? Number.POSITIVE_INFINITY) < 1_000, {
        what: 'the timers to be negotiated',
        withinMs: 3_000,
      })
      const killedAt = Date.now()
      await theirs.crash()
      const session = await untilDown(ours)
      expect(session?.diagnostic).toBe('detection-time-expired')
      expect((session?.sinceWallMs ?? 0) - killedAt).toBeLessThan(4 * INTERVAL_MS + SLACK_MS)
    },
  )

  it('notices that we die, and that we are back', async () => {
    const { ours, theirs } = await start(startKeepalivedBfd, { name: '', family: 'ipv4' })
    await untilUp(ours, theirs)
    const before = await theirs.losses()
    ours.killProcess('router')
    await until(async () => (await theirs.losses()) > before, { what: 'down there', withinMs: 2_000 })
    await untilUp(ours, theirs)
  })
})

describe('a bfdd on our own host', () => {
  it('keeps its port: we say so, and go on without', async () => {
    const hosts = ['a', 'b'].map((name, i) => ({ name, addresses: [`10.79.0.${i + 1}/24`] }))
    lan = await createLan(`bfdx${process.pid}`, hosts)
    const namespace = lan.namespaceOf('a')
    const timing = { intervalMs: INTERVAL_MS, multiplier: 4 }
    const theirs = await startFrrBfd({ namespace, local: OURS.ipv4, remote: THEIRS.ipv4, ...timing })
    peer = theirs
    await until(async () => (await theirs.shown()) !== undefined, { what: 'bfdd to run', withinMs: 10_000 })
    const router = '{ name: web, interface: eth0, vrid: 51, addresses: [10.79.0.100/24] }'
    const ours = startAgent({ namespace, config: `node: a\nvirtualRouters:\n  - ${router}\n` })
    agent = ours
    await untilRole(ours, 'web', 'active')
    expect((await ours.routerStatus()).bfd?.deaf).toEqual({
      'single-hop ipv4': 'UDP port 3784 is in use by another program',
    })
    expect((await theirs.shown())?.status).toBe('down')
  })
})
