import { setFlagsFromString } from 'node:v8'
import vm from 'node:vm'
import { expect, it } from 'vitest'
import { routerConfig } from '../vrrp/examples.test.support.ts'
import { completed } from './running-config.ts'

it('hundreds of virtual routers are alike to V8, so that looking at one after the other costs nothing extra', () => {
  setFlagsFromString('--allow-natives-syntax')
  const isAlike = vm.runInThisContext('(left, right) => %HaveSameMap(left, right)')
  const virtualRouters = Array.from({ length: 50 }, (_, i) => routerConfig({ name: `r${i}`, vrid: i + 1 }))
  const { config } = completed({ revision: 'r', config: { node: 'a', virtualRouters } as never })
  const [first, ...others] = config.virtualRouters
  expect(others.filter((each) => !isAlike(first, each))).toEqual([])
  expect(config.virtualRouters).toEqual(virtualRouters)
})
