import { expect, it } from 'vitest'
import { subjectOf } from './email.ts'

const told = { reason: null, isAgain: false } as const

it('router_id: the subject begins with the label', () => {
  const instance = {
    ...told,
    kind: 'INSTANCE',
    name: 'web',
    word: 'MASTER',
    priority: 100,
    family: 'ipv4',
  } as const
  expect(subjectOf(instance, 'lb1')).toBe('[lb1] VRRP Instance web - MASTER')
  const group = { ...told, kind: 'GROUP', name: 'G1', word: 'FAULT', priority: 0, family: null } as const
  expect(subjectOf(group, 'lb1')).toBe('[lb1] VRRP Group G1 - FAULT')
})
