/** Three agents, one config for all but the priority: a virtual router of both families, and one among peers. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createLan, ip, type Lan } from '../../agent/src/linux/namespace.ts'
import { type LabAgent, startAgent } from './agent.ts'
import { until } from './wait.ts'

const HOSTS = ['a', 'b', 'c'] as const
const ADDRESSES = ['192.0.2.1', '192.0.2.2', '192.0.2.3']

let lan: Lan
let agents: LabAgent[]

beforeAll(async () => {
  lan = await createLan(
    `peers${process.pid}`,
    HOSTS.map((name, i) => ({ name, addresses: [`${ADDRESSES[i]}/24`] })),
  )
  agents = HOSTS.map((name, i) =>
    startAgent({ namespace: lan.namespaceOf(name), config: yaml(name, 200 - i) }),
  )
})
afterAll(async () => {
  for (const agent of agents) await agent.kill()
  await lan.remove()
})

function yaml(node: string, priority: number): string {
  return `node: ${node}
virtualRouters:
  - name: both
    interface: eth0
    vrid: 51
    priority: ${priority}
    advertisementInterval: 200ms
    addresses: [192.0.2.100/24, "fe80::100/64", "2001:db8::100/64"]
  - name: peers
    interface: eth0
    vrid: 52
    priority: ${priority}
    advertisementInterval: 200ms
    addresses: [192.0.2.101/24]
    unicast: { peers: [${ADDRESSES.join(', ')}], checkSource: true }
`
}

/** `NAME FAMILY ROLE` of each virtual router of a host, and who is held for active there. */
async function seenBy(agent: LabAgent | undefined): Promise<string[]> {
  const { virtualRouters = [] } = (await agent?.routerStatus()) ?? {}
  return virtualRouters.map((each) => `${each.virtualRouter} ${each.family} ${each.role}`)
}

const all = (role: string) => [`both ipv4 ${role}`, `both ipv6 ${role}`, `peers ipv4 ${role}`]

const untilSeen = (i: number, expected: readonly string[]) =>
  until(async () => (await seenBy(agents[i])).join() === expected.join(), {
    what: `${HOSTS[i]} to see ${expected.join()}; it says:\n${agents[i]?.log()}`,
    withinMs: 15_000,
  })

async function heldBy(host: string): Promise<string[]> {
  const [link] = JSON.parse(await ip('-j', '-n', lan.namespaceOf(host), 'addr', 'show', 'eth0'))
  const infos: { local: string }[] = link.addr_info
  return infos.map(({ local }) => local).filter((local) => /(100|101)$/.test(local))
}

it('the best has all of it, in both families and among peers', { timeout: 60_000 }, async () => {
  await untilSeen(0, all('active'))
  for (const i of [1, 2]) await untilSeen(i, all('backup'))
  expect((await heldBy('a')).toSorted()).toEqual(['192.0.2.100', '192.0.2.101', '2001:db8::100', 'fe80::100'])
  // One that started first was active for a moment, and lingers a little after it yielded.
  for (const host of ['b', 'c'])
    await until(async () => (await heldBy(host)).length === 0, { what: `${host} to let go`, withinMs: 2_000 })
})

it('each leaves itself out of the one list of peers', async () => {
  for (const [i, agent] of agents.entries()) {
    const peers = (await agent.routerStatus()).virtualRouters.find((each) => each.virtualRouter === 'peers')
    expect(peers?.ownPeers).toEqual([ADDRESSES[i]])
    expect(peers?.peers).toEqual(ADDRESSES.filter((each) => each !== ADDRESSES[i]))
  }
})

it('when it dies, the next best takes all of it over', { timeout: 60_000 }, async () => {
  await agents[0]?.kill()
  await untilSeen(1, all('active'))
  await untilSeen(2, all('backup'))
  const { discards } = (await agents[2]?.routerStatus()) ?? {}
  expect(discards).toEqual([])
})
