/** From one configuration to the next: what stops, what stays untouched, what starts. */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import { type Instance, keyOf } from './instance.ts'

export interface Changes {
  readonly stopped: readonly Instance[]
  readonly started: readonly VirtualRouterConfig[]
  /** Those that go on, by a config that differs only in what they follow. */
  readonly adapted: readonly (readonly [Instance, VirtualRouterConfig])[]
}

/** Throws RangeError when two routers could not be told apart on the wire, before anything was touched. */
export function changesTo(
  routers: readonly VirtualRouterConfig[],
  running: ReadonlyMap<string, Instance>,
): Changes {
  const wanted = new Map(routers.map((router) => [keyOf(router), router]))
  if (wanted.size !== routers.length)
    throw new RangeError('two virtual routers share interface, family and VRID')
  const isKept = ({ config }: Instance): boolean => {
    const next = wanted.get(keyOf(config))
    return (
      next !== undefined &&
      isEqual(config, { ...next, track: config.track, trackPrimary: config.trackPrimary })
    )
  }
  const kept = new Set([...running.values()].filter(isKept).map(({ config }) => keyOf(config)))
  return {
    stopped: [...running.values()].filter(({ config }) => !kept.has(keyOf(config))),
    started: routers.filter((router) => !kept.has(keyOf(router))),
    adapted: [...running.values()].flatMap((instance) => {
      const next = wanted.get(keyOf(instance.config))
      const isAdapted = next !== undefined && kept.has(keyOf(next)) && !isEqual(instance.config, next)
      return isAdapted ? [[instance, next] as const] : []
    }),
  }
}

/** Whether two JSON values say the same, in whatever order their keys come. */
export function isEqual(left: unknown, right: unknown): boolean {
  if (left === right) return true
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false
  const a = Object.entries(left)
  const b = new Map(Object.entries(right))
  return a.length === b.size && a.every(([key, value]) => b.has(key) && isEqual(value, b.get(key)))
}
