/** From one configuration to the next: what stops, what stays untouched, what changes while it runs, what starts. */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import { type Instance, keyOf } from './instance.ts'

export interface Changes {
  readonly stopped: readonly Instance[]
  readonly changed: readonly { readonly instance: Instance; readonly config: VirtualRouterConfig }[]
  readonly started: readonly VirtualRouterConfig[]
}

/** Throws RangeError when two routers could not be told apart on the wire, before anything was touched. */
export function changesTo(
  routers: readonly VirtualRouterConfig[],
  running: ReadonlyMap<string, Instance>,
): Changes {
  const wanted = new Map(routers.map((router) => [keyOf(router), router]))
  if (wanted.size !== routers.length)
    throw new RangeError('two virtual routers share interface, family and VRID')
  const stays = ({ config }: Instance): boolean => {
    const next = wanted.get(keyOf(config))
    return next !== undefined && isSameRouter(config, next)
  }
  const kept = [...running.values()].filter(stays)
  const keys = new Set(kept.map(({ config }) => keyOf(config)))
  return {
    stopped: [...running.values()].filter(({ config }) => !keys.has(keyOf(config))),
    changed: kept.flatMap((instance) => {
      const config = wanted.get(keyOf(instance.config))
      return config === undefined || isEqual(instance.config, config) ? [] : [{ instance, config }]
    }),
    started: routers.filter((router) => !keys.has(keyOf(router))),
  }
}

/**
 * Interface, family and VRID make another router of it, and so do the version, which peers hear it by, the device that
 * carries its addresses, and the name that all it has told so far was told under. Everything else changes in place.
 */
function isSameRouter(before: VirtualRouterConfig, after: VirtualRouterConfig): boolean {
  return (
    before.name === after.name &&
    before.version === after.version &&
    isEqual(before.virtualMac, after.virtualMac) &&
    isEqual(before.ipvlan, after.ipvlan)
  )
}

/** Whether two JSON values say the same, in whatever order their keys come. */
export function isEqual(left: unknown, right: unknown): boolean {
  if (left === right) return true
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false
  const a = Object.entries(left)
  const b = new Map(Object.entries(right))
  return a.length === b.size && a.every(([key, value]) => b.has(key) && isEqual(value, b.get(key)))
}
