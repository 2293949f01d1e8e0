/** Somebody speaks for a process that dies, from the first packet on that made a neighbour rely on it. */
import { expect, test } from 'vitest'
import type { BfdDatagram } from '../world/bfd-links.ts'
import type { RouterInput } from '../world/router-world.ts'
import { FarewellTeller } from './farewells.ts'
import { idleInput } from './idle-input.test.support.ts'
import type { Farewell } from './loop/bfd-status.ts'

const farewell = (payload: string): Farewell => ({
  interface: 'eth0',
  local: '192.0.2.1',
  remote: '192.0.2.2',
  payload,
})
// The teller looks at none of it.
const datagram = {} as BfdDatagram

test.each([
  ['a packet of a neighbour', (to: RouterInput) => to.bfd(datagram)],
  ['an alarm', (to: RouterInput) => to.alarm()],
])('what %s changes is told before the next input', (_, happen) => {
  let current: readonly Farewell[] = []
  const told: (readonly Farewell[])[] = []
  const change = () => {
    current = [farewell('20')]
  }
  const teller = new FarewellTeller(
    () => current,
    (farewells) => told.push(farewells),
  )
  happen(teller.follow(idleInput({ bfd: change, alarm: change })))
  expect(told).toEqual([[farewell('20')]])
})

test('what stays the same is told once', () => {
  const current = [farewell('20')]
  const told: unknown[] = []
  const teller = new FarewellTeller(
    () => current,
    (farewells) => told.push(farewells),
  )
  const followed = teller.follow(idleInput({}))
  for (let i = 0; i < 3; i++) followed.bfd(datagram)
  followed.alarm()
  expect(told).toEqual([])
})
