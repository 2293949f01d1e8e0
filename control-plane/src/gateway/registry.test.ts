import { expect, it } from 'vitest'
import type { Connection } from './connection.ts'
import { createRegistry } from './registry.ts'

const HERE = { bootId: 'boot-1', machineId: 'machine-1' }
const ELSEWHERE = { bootId: 'boot-2', machineId: 'machine-2' }

/** A connection of agent `a` as far as the registry is concerned with it, and what it was told. */
function connectionOf(generation: number, host = HERE) {
  const told: unknown[] = []
  const agent = { agent: { id: 'a' }, generation, host }
  const connection = { agent, tell: (event: unknown) => void told.push(event) } as unknown as Connection
  return { connection, told }
}

const superseded = { kind: 'superseded', probe: null }

it('the newer of two sessions speaks, in whatever order they come', () => {
  for (const isReversed of [false, true]) {
    const registry = createRegistry()
    const [older, newer] = [connectionOf(1), connectionOf(2)]
    for (const { connection } of isReversed ? [newer, older] : [older, newer]) {
      registry.add(connection)
      registry.joined(connection)
    }
    expect(registry.speakerOf('a')).toBe(newer.connection)
    expect([older.told, newer.told]).toEqual([[superseded], []])
  }
})

it('one from another host is asked whether it is still there', () => {
  const registry = createRegistry()
  const [older, newer] = [connectionOf(1), connectionOf(2, ELSEWHERE)]
  for (const { connection } of [older, newer]) registry.joined(connection)
  expect(older.told).toEqual([{ kind: 'superseded', probe: expect.stringMatching(/^[\w-]{22}$/) }])
})

it('the end of the older leaves the newer speaking, and its own end nobody', () => {
  const registry = createRegistry()
  const [older, newer] = [connectionOf(1), connectionOf(2)]
  for (const { connection } of [older, newer]) {
    registry.add(connection)
    registry.joined(connection)
  }
  registry.remove(older.connection)
  expect([registry.speakerOf('a'), registry.size()]).toEqual([newer.connection, 1])
  registry.remove(newer.connection)
  expect([registry.speakerOf('a'), registry.size(), registry.agents()]).toEqual([null, 0, 0])
})

it('is told of a newer session elsewhere, and not of itself or an older one', () => {
  const registry = createRegistry()
  const own = connectionOf(5)
  registry.joined(own.connection)
  const word = { agentId: 'a', host: HERE, dismissal: null }
  for (const generation of [4, 5]) registry.superseded([{ ...word, generation }])
  expect(own.told).toEqual([])
  registry.superseded([{ ...word, generation: 6 }])
  const dismissal = { code: 4001, reason: 'revoked' } as const
  registry.superseded([{ ...word, generation: 6, dismissal }])
  expect(own.told).toEqual([superseded, { kind: 'ended', ...dismissal }])
})
