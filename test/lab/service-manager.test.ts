/** An agent as a systemd service of `Type=notify`: what arrives at the socket that systemd would listen on. */
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AF_UNIX, SOCK_DGRAM, unixSocketAddress } from '../../agent/src/linux/kernel-numbers.ts'
import { createLan, type Lan } from '../../agent/src/linux/namespace.ts'
import { type NativeSocket, netio } from '../../agent/src/linux/netio.ts'
import { startAgent } from './agent.ts'
import { until } from './wait.ts'

let folder = ''
let lan: Lan
let systemd: NativeSocket

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-notify-'))
  systemd = netio().socket(AF_UNIX, SOCK_DGRAM, 0)
  systemd.bind(unixSocketAddress(path.join(folder, 'notify')))
  lan = await createLan(`notify${process.pid}`, [{ name: 'one', addresses: ['192.0.2.1/24'] }])
})
afterAll(async () => {
  systemd.close()
  await lan.remove()
  rmSync(folder, { recursive: true })
})

test('ready once the router runs, alive while it lives, stopping when it is told to', async () => {
  const heard: string[] = []
  const hear = (state: string) => {
    const data = new Uint8Array(64)
    for (let got = systemd.receive(data, null, null); got; got = systemd.receive(data, null, null))
      heard.push(Buffer.from(data.subarray(0, got.bytes)).toString())
    return heard.includes(state)
  }
  const agent = startAgent({
    namespace: lan.namespaceOf('one'),
    config: `node: one
virtualRouters: [{ name: web, interface: eth0, vrid: 51, addresses: [192.0.2.100/24] }]
`,
    environment: { NOTIFY_SOCKET: path.join(folder, 'notify'), WATCHDOG_USEC: '400000' },
  })
  try {
    await until(() => hear('READY=1'), { what: `READY=1:\n${agent.log()}`, withinMs: 10_000 })
    expect((await agent.routerStatus()).virtualRouters).toMatchObject([
      { virtualRouter: 'web', role: 'backup' },
    ])
    const after = heard.length
    await until(() => hear('') || heard.slice(after).length >= 2, { what: 'WATCHDOG=1', withinMs: 2_000 })
    expect(new Set(heard.slice(after))).toEqual(new Set(['WATCHDOG=1']))
  } finally {
    await agent.stop()
  }
  hear('')
  const news = heard.filter((state) => state !== 'WATCHDOG=1')
  expect(news).toEqual(['READY=1', 'STOPPING=1'])
})
