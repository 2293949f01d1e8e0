import { expect, test } from 'vitest'
import { stateOfMembers } from './state.ts'

test.each([
  ['exactly one active', ['active', 'backup'], 'served', 'node0'],
  ['one active and one unseen', ['active', null], 'served', 'node0'],
  ['two active', ['active', 'active', null], 'split-brain', null],
  ['all seen, none active', ['backup', 'fault', 'initialize'], 'no-active', null],
  ['a backup and one unseen', ['backup', null], 'unknown', null],
  ['nobody seen', [null, null], 'unknown', null],
  ['no members', [], 'no-active', null],
] as const)('%s', (_name, roles, state, active) => {
  const members = roles.map((role, i) => ({ node: `node${i}`, role, heard: false }))
  expect(stateOfMembers(members, false)).toEqual({ state, active })
})

test('a backup hears one that cannot be seen', () => {
  const members = [
    { node: 'lb1', role: null, heard: true },
    { node: 'lb2', role: 'backup' as const, heard: false },
  ]
  expect(stateOfMembers(members, true)).toEqual({ state: 'served', active: 'lb1' })
})

test('a backup hears one that is none of ours', () => {
  const members = [{ node: 'lb2', role: 'backup' as const, heard: false }]
  expect(stateOfMembers(members, true)).toEqual({ state: 'served', active: null })
})

test('what a node says itself counts for more than what is heard', () => {
  const members = [
    { node: 'lb1', role: null, heard: true },
    { node: 'lb2', role: 'active' as const, heard: false },
    { node: 'lb3', role: 'backup' as const, heard: false },
  ]
  expect(stateOfMembers(members, true)).toEqual({ state: 'served', active: 'lb2' })
})
