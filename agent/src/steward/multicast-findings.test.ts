import { loadAgentConfig } from '@aloft/shared/config/load-agent-config'
import { expect, it } from 'vitest'
import { multicastFindings } from './multicast-findings.ts'

const FLAGS: Readonly<Record<string, number>> = { eth0: 0x1003, wg0: 0x91 }

function told(...routers: readonly string[]): readonly string[] {
  const loaded = loadAgentConfig(
    `node: lb1\nvirtualRouters:\n${routers.map((each) => `  - ${each}\n`).join('')}`,
  )
  if (!('config' in loaded)) throw new Error(JSON.stringify(loaded.diagnostics))
  return multicastFindings(loaded.config, (name) => FLAGS[name] ?? null)
    .map(loaded.place)
    .map(({ line, column, severity, code }) => `${line}:${column} ${severity} ${code}`)
}

it('keepalived-and-vrrp.md §1.5: an interface without multicast needs unicast', () => {
  const both = '{ name: a, interface: eth0, vrid: 1, addresses: [192.0.2.100/24, "fe80::1/64"] }'
  expect(told(both, '{ name: b, interface: wg0, vrid: 2, addresses: [192.0.2.101/24] }')).toEqual([
    '4:27 warning no-multicast',
  ])
  expect(
    told(
      '{ name: b, interface: wg0, vrid: 2, addresses: [192.0.2.101/24], unicast: { peers: [192.0.2.2] } }',
    ),
  ).toEqual([])
  expect(told('{ name: c, interface: absent0, vrid: 3, addresses: [192.0.2.102/24] }')).toEqual([])
})
