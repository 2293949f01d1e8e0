/** The bundle with `--bus nats://…`: what the carriers' own tests show, for the processes people run. */
import { expect, it } from 'vitest'
import { startTestNats } from '../../control-plane/src/bus/nats-server.fixture.ts'
import { until } from '../lab/wait.ts'
import { startReplicas } from './replicas.ts'

it('two replicas hear each other over NATS, and say so', { timeout: 120_000 }, async () => {
  const nats = await startTestNats()
  const replicas = await startReplicas({ count: 2, args: ['--bus', nats.url] })
  try {
    const figures = async (port: number) => {
      const headers = { authorization: `Bearer ${replicas.adminToken}` }
      return (await fetch(`http://127.0.0.1:${port}/metrics`, { headers })).text()
    }
    for (const port of replicas.ports()) {
      await until(async () => (await figures(port)).includes('\naloft_bus_up{kind="nats"} 1\n'), {
        what: `replica at ${port} hears itself`,
        withinMs: 30_000,
      })
      await until(async () => /^aloft_bus_received_total [1-9]/m.test(await figures(port)), {
        what: `replica at ${port} hears the other`,
        withinMs: 30_000,
      })
    }
    expect(replicas.ports()).toHaveLength(2)
  } finally {
    await replicas.remove()
    await nats.kill()
  }
})
