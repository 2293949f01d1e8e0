/**
 * A virtual MAC address on both sides: keepalived with use_vmac and FRR, which knows nothing else. Whoever is active,
 * the clients' neighbour tables stay as they are, and the switch finds the one address behind another port.
 */
import { execFileSync } from 'node:child_process'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createLan, ip, type Lan } from '../../agent/src/linux/namespace.ts'
import { type LabAgent, startAgent, untilRole } from '../lab/agent.ts'
import { type Frr, startFrr } from '../lab/frr.ts'
import { type Keepalived, startKeepalived } from '../lab/keepalived.ts'
import { whoAnswers } from '../lab/lan-client.ts'
import { until } from '../lab/wait.ts'

const VIP = '10.78.0.100'
const MAC = '00:00:5e:00:01:33'

let lan: Lan
const agents: LabAgent[] = []
const keepaliveds: Keepalived[] = []
const frrs: Frr[] = []

beforeAll(async () => {
  const hosts = [
    { name: 'ours', addresses: ['10.78.0.1/24'] },
    { name: 'theirs', addresses: ['10.78.0.2/24'] },
  ]
  lan = await createLan(`vmacpeer${process.pid}`, hosts, '10.78.0.254/24')
})
afterAll(() => lan.remove())
afterEach(async () => {
  await Promise.all(agents.splice(0).map((agent) => agent.kill()))
  await Promise.all(keepaliveds.splice(0).map((peer) => peer.kill()))
  await Promise.all(frrs.splice(0).map((peer) => peer.crash()))
  for (const host of ['ours', 'theirs']) {
    const links: { ifname: string }[] = JSON.parse(
      await ip('-j', '-n', lan.namespaceOf(host), 'link', 'show', 'type', 'macvlan'),
    )
    for (const { ifname } of links) await ip('-n', lan.namespaceOf(host), 'link', 'del', ifname)
  }
})

function startOurs(priority: number): LabAgent {
  const router = `{ name: web, interface: eth0, vrid: 51, priority: ${priority}, advertisementInterval: 100ms, addresses: [${VIP}/24], virtualMac: true }`
  const agent = startAgent({
    namespace: lan.namespaceOf('ours'),
    config: `node: ours\nvirtualRouters:\n  - ${router}\n`,
  })
  agents.push(agent)
  return agent
}

function startKeepalivedPeer(priority: number): Keepalived {
  const router = {
    name: 'web',
    vrid: 51,
    version: 3,
    priority,
    intervalMs: 100,
    addresses: [`${VIP}/24`],
    more: ['use_vmac'],
  } as const
  const peer = startKeepalived({ namespace: lan.namespaceOf('theirs'), routers: [router] })
  keepaliveds.push(peer)
  return peer
}

async function startFrrPeer(priority: number): Promise<Frr> {
  const router = { vrid: 51, version: 3, priority, intervalMs: 100, address: VIP, preempt: true } as const
  const peer = await startFrr(lan.namespaceOf('theirs'), router)
  frrs.push(peer)
  return peer
}

const untilTheirs = (state: () => string | Promise<string>, wanted: RegExp) =>
  until(async () => wanted.test(await state()), {
    what: `the peer to be ${wanted}`,
    withinMs: 15_000,
    everyMs: 100,
  })

/** The switch has seen the virtual MAC last behind this port. */
const untilBehind = (port: string) =>
  until(
    () => {
      const text = execFileSync('bridge', ['-n', lan.switchNamespace, 'fdb', 'show', 'br', 'br0'], {
        encoding: 'utf8',
      })
      return text.split('\n').some((line) => line.startsWith(`${MAC} dev ${port} `))
    },
    { what: `${MAC} behind ${port}`, withinMs: 5_000 },
  )

describe('keepalived with use_vmac', () => {
  it('takes over from us when we stop, and hands back when we return', async () => {
    const ours = startOurs(200)
    await untilRole(ours, 'web', 'active')
    const theirs = startKeepalivedPeer(100)
    await untilTheirs(() => theirs.state(), /BACKUP/)
    await untilBehind('ours')
    expect(await whoAnswers(lan.switchNamespace, VIP)).toBe(MAC)
    await ours.stop()
    await untilTheirs(() => theirs.state(), /MASTER/)
    await untilBehind('theirs')
    const again = startOurs(200)
    await untilRole(again, 'web', 'active')
    await untilTheirs(() => theirs.state(), /BACKUP/)
    await untilBehind('ours')
    expect(await whoAnswers(lan.switchNamespace, VIP)).toBe(MAC)
  })

  it('is heard while it is active, and followed when it stops or dies', async () => {
    const theirs = startKeepalivedPeer(200)
    await untilTheirs(() => theirs.state(), /MASTER/)
    const ours = startOurs(100)
    await untilRole(ours, 'web', 'backup')
    await until(async () => (await ours.routerStatus()).virtualRouters[0]?.active?.address === '10.78.0.2', {
      what: 'the peer to be heard',
      withinMs: 5_000,
    })
    await untilBehind('theirs')
    await theirs.crash()
    await untilRole(ours, 'web', 'active')
    await untilBehind('ours')
    const again = startKeepalivedPeer(200)
    await untilTheirs(() => again.state(), /MASTER/)
    await untilRole(ours, 'web', 'backup')
    await untilBehind('theirs')
    await again.stop()
    await untilRole(ours, 'web', 'active')
    await untilBehind('ours')
    expect(await whoAnswers(lan.switchNamespace, VIP)).toBe(MAC)
  })
})

describe('keepalived with use_vmac, IPv6', () => {
  const MAC6 = '00:00:5e:00:02:33'

  it('either side takes over from the other, with the one MAC address', async () => {
    const router =
      '{ name: web, interface: eth0, vrid: 51, priority: 200, advertisementInterval: 100ms, addresses: ["fe80::100/64"], virtualMac: true }'
    const config = `node: ours\nvirtualRouters:\n  - ${router}\n`
    const startOurs6 = () => {
      const agent = startAgent({ namespace: lan.namespaceOf('ours'), config })
      agents.push(agent)
      return agent
    }
    const theirs = startKeepalived({
      namespace: lan.namespaceOf('theirs'),
      routers: [
        {
          name: 'web',
          vrid: 51,
          version: 3,
          priority: 100,
          intervalMs: 100,
          addresses: ['fe80::100/64'],
          more: ['use_vmac'],
        },
      ],
    })
    keepaliveds.push(theirs)
    await untilTheirs(() => theirs.state(), /MASTER/)
    const ours = startOurs6()
    await untilRole(ours, 'web', 'active')
    await untilTheirs(() => theirs.state(), /BACKUP/)
    expect(await whoAnswers(lan.switchNamespace, 'fe80::100')).toBe(MAC6)
    await ours.stop()
    await untilTheirs(() => theirs.state(), /MASTER/)
    await untilRole(startOurs6(), 'web', 'active')
    await untilTheirs(() => theirs.state(), /BACKUP/)
    expect(await whoAnswers(lan.switchNamespace, 'fe80::100')).toBe(MAC6)
  })
})

describe('FRR vrrpd', () => {
  it('takes over from us when we stop, and hands back when we return', async () => {
    const ours = startOurs(200)
    await untilRole(ours, 'web', 'active')
    const theirs = await startFrrPeer(100)
    await untilTheirs(async () => (await theirs.state()).status, /Backup/)
    await ours.stop()
    await untilTheirs(async () => (await theirs.state()).status, /Master/)
    await untilBehind('theirs')
    const again = startOurs(200)
    await untilRole(again, 'web', 'active')
    await untilTheirs(async () => (await theirs.state()).status, /Backup/)
    await untilBehind('ours')
    expect(await whoAnswers(lan.switchNamespace, VIP)).toBe(MAC)
  })

  it('is heard while it is active, and followed when it dies', async () => {
    const theirs = await startFrrPeer(200)
    await untilTheirs(async () => (await theirs.state()).status, /Master/)
    const ours = startOurs(100)
    await untilRole(ours, 'web', 'backup')
    await until(async () => (await ours.routerStatus()).virtualRouters[0]?.active?.address === '10.78.0.2', {
      what: 'the peer to be heard',
      withinMs: 5_000,
    })
    await theirs.crash()
    frrs.splice(0)
    await untilRole(ours, 'web', 'active')
    await untilBehind('ours')
  })
})
