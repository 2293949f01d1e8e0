/** Two agents with the default config: the backup watches the active by BFD that nobody asked for. */
import { afterEach, describe, expect, it } from 'vitest'
import { createLan, type Lan } from '../../agent/src/linux/namespace.ts'
import { type LabAgent, startAgent, untilRole } from './agent.ts'
import { createProber } from './probe.ts'
import { pause, until } from './wait.ts'

const VIP = '10.78.0.100'
let lan: Lan | null = null
let agents: LabAgent[] = []

afterEach(async () => {
  for (const agent of agents) await agent.stop()
  await lan?.remove()
  agents = []
  lan = null
})

function start(on: Lan, node: string, priority: number, more = ''): LabAgent {
  const router = `{ name: web, interface: eth0, vrid: 51, priority: ${priority}, addresses: [${VIP}/24]${more} }`
  const agent = startAgent({
    namespace: on.namespaceOf(node),
    config: `node: ${node}\nvirtualRouters:\n  - ${router}\n`,
  })
  agents.push(agent)
  return agent
}

async function pair(more = ''): Promise<{ lan: Lan; active: LabAgent; backup: LabAgent }> {
  const hosts = ['a', 'b'].map((name, i) => ({ name, addresses: [`10.78.0.${i + 1}/24`] }))
  const made = await createLan(`pair${process.pid}`, hosts, '10.78.0.254/24')
  lan = made
  const [active, backup] = [start(made, 'a', 200, more), start(made, 'b', 100, more)]
  await untilRole(active, 'web', 'active', 15_000)
  await untilRole(backup, 'web', 'backup', 15_000)
  return { lan: made, active, backup }
}

const pairState = async (agent: LabAgent) => (await agent.routerStatus()).bfd?.sessions[0]?.state ?? 'none'

async function untilPaired(agent: LabAgent): Promise<void> {
  await until(async () => (await pairState(agent)) === 'up', {
    what: `the session to come up; the agent says:\n${agent.log()}`,
    withinMs: 10_000,
  })
}

describe('with the default config', () => {
  it('an active whose cable is cut is replaced within 200 ms at 1 s advertisements', async () => {
    const { lan, active, backup } = await pair()
    await untilPaired(backup)
    const [router] = (await active.routerStatus()).virtualRouters
    expect(router?.pairedWith).toEqual(['10.78.0.2'])
    const prober = createProber()
    try {
      const { longestGapMs } = await prober.probe({
        namespace: lan.switchNamespace,
        address: VIP,
        seconds: 4,
        action: { do: 'down', port: 'a', phaseUs: 400_000, afterMs: 300 },
      })
      // Below what three missed advertisements would take by far, with room for a busy machine.
      expect(longestGapMs).toBeLessThan(400)
    } finally {
      prober.close()
    }
    await until(() => /bfd with 10\.78\.0\.1 .*the active is lost/.test(backup.log()), {
      what: 'the event',
      withinMs: 2_000,
    })
  })

  it('a router process that is killed and comes back costs no change of roles', async () => {
    const { active, backup } = await pair()
    await untilPaired(backup)
    await pause(50)
    const before = active.pidOf('router')
    active.killProcess('router')
    await until(() => active.pidOf('router') !== before, { what: 'a new router', withinMs: 5_000 })
    await untilRole(active, 'web', 'active')
    await untilPaired(backup)
    expect(backup.log()).not.toMatch(/backup → active/)
    expect(backup.log()).toMatch(/up → down: neighbor-down/)
  })

  it('an agent that is killed whole is replaced as fast as a host', async () => {
    const { active, backup } = await pair()
    await untilPaired(backup)
    await active.kill()
    await untilRole(backup, 'web', 'active', 1_500)
    await until(() => /the active is lost/.test(backup.log()), { what: 'the event', withinMs: 2_000 })
  })
})

it('keepalived-and-vrrp.md §1.10: pairing: false starts no session and answers none', async () => {
  const { active, backup } = await pair(', pairing: false')
  // Two advertisements have been heard: whoever would ask has asked.
  await until(
    async () => ((await backup.routerStatus()).virtualRouters[0]?.counters.advertisementsReceived ?? 0) > 2,
    { what: 'advertisements', withinMs: 8_000 },
  )
  expect((await backup.routerStatus()).bfd?.sessions).toEqual([])
  expect((await active.routerStatus()).bfd?.sessions).toEqual([])
})
