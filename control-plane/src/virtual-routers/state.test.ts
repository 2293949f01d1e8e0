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
  const members = roles.map((role, i) => ({ node: `node${i}`, role }))
  expect(stateOfMembers(members)).toEqual({ state, active })
})
