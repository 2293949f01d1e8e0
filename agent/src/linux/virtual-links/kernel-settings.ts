/** Settings of the kernel (sysctl) that are ours while something needs them, and are put back afterwards. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { ChangedSetting, HostChanges } from './host-changes.ts'

const ROOT = '/proc/sys'

export interface WantedSetting {
  /** Under /proc/sys: `net/ipv4/conf/eth0/arp_ignore`. */
  readonly path: string
  readonly value: string
}

/** Null: there is no such setting (no IPv6 in this kernel, or the interface has gone). */
export function readSetting(setting: string): string | null {
  try {
    return readFileSync(path.join(ROOT, setting), 'utf8').trim()
  } catch {
    return null
  }
}

/** Writes what differs; a setting that does not exist is left out. Throws what the kernel says. */
export function writeSettings(wanted: readonly WantedSetting[]): void {
  for (const { path: setting, value } of wanted) {
    const now = readSetting(setting)
    if (now !== null && now !== value) writeFileSync(path.join(ROOT, setting), value)
  }
}

/** Settings of a device that carries a virtual MAC. They go with it, so that nothing has to be remembered. */
export function settingsOfDevice(name: string): WantedSetting[] {
  const ipv4 = (key: string, value: string) => ({ path: `net/ipv4/conf/${name}/${key}`, value })
  const ipv6 = (key: string, value: string) => ({ path: `net/ipv6/conf/${name}/${key}`, value })
  return [
    // It answers for its own addresses and for no others of the host.
    ipv4('arp_ignore', '1'),
    ipv4('arp_announce', '2'),
    // The networks behind it are reached through the interface below: what comes in has the wrong way back.
    ipv4('rp_filter', '0'),
    ipv4('accept_local', '1'),
    ipv4('promote_secondaries', '1'),
    // No link-local address of its own, no solicitation of routers, no address from their advertisements.
    ipv6('addr_gen_mode', '1'),
    ipv6('accept_ra', '0'),
    ipv6('autoconf', '0'),
    ipv6('router_solicitations', '0'),
  ]
}

/**
 * Settings that a device has from the interface below, of which it is a part: by itself it would forward as `conf/default`
 * says. IPv6 forwards for one interface alone from Linux 6.17 on (`force_forwarding`). What the kernel has not is left out.
 */
export function settingsLikeBelow(name: string, parent: string): WantedSetting[] {
  const keys = [
    ['ipv4', 'forwarding'] as const,
    ['ipv6', 'forwarding'] as const,
    ['ipv6', 'force_forwarding'] as const,
  ]
  return keys.flatMap(([family, key]) => {
    const value = readSetting(`net/${family}/conf/${parent}/${key}`)
    return value === null ? [] : [{ path: `net/${family}/conf/${name}/${key}`, value }]
  })
}

/**
 * Settings of the interface below: it must not answer for addresses that are on the device above it, nor tell who it
 * asks that they were its own, as it would with `arp_announce` 0 when the host answers from one of them.
 */
export function settingsBelow(name: string): WantedSetting[] {
  const ipv4 = (key: string, value: string) => ({ path: `net/ipv4/conf/${name}/${key}`, value })
  return [ipv4('arp_ignore', '1'), ipv4('arp_filter', '1'), ipv4('arp_announce', '2')]
}

/**
 * The kernel filters by the stricter of `all` and the interface, so that `all` must be 0 for a device to be let off.
 * Every other interface, and those to come, get for themselves what `all` gave them.
 */
export function settingsForReversePath(): WantedSetting[] {
  const all = readSetting('net/ipv4/conf/all/rp_filter')
  if (all === null || all === '0') return []
  const names = readdirSync(path.join(ROOT, 'net/ipv4/conf')).filter(
    (name) => name !== 'all' && name !== 'lo',
  )
  const each = names.flatMap((name) => {
    const setting = `net/ipv4/conf/${name}/rp_filter`
    // 1 is strict, 2 loose; the greater number counts.
    const isLess = Number(readSetting(setting) ?? all) < Number(all)
    return isLess ? [{ path: setting, value: all }] : []
  })
  return [...each, { path: 'net/ipv4/conf/all/rp_filter', value: '0' }]
}

/** Changes settings and remembers how they were. */
export class BorrowedSettings {
  readonly #changes: HostChanges

  constructor(changes: HostChanges) {
    this.#changes = changes
  }

  /** Throws when the change cannot be remembered, or the kernel refuses it. */
  borrow(wanted: readonly WantedSetting[]): void {
    const known = new Set(this.#changes.settings.map((each) => each.path))
    const added = wanted.flatMap(({ path: setting, value }): ChangedSetting[] => {
      const before = readSetting(setting)
      if (before === null || before === value || known.has(setting)) return []
      return [{ path: setting, before, ours: value }]
    })
    this.#changes.update({ settings: [...this.#changes.settings, ...added] })
    writeSettings(wanted)
  }

  /** Gives back what `keeps` does not claim, last first; what somebody else has changed since is left to them. */
  giveBack(keeps: (setting: string) => boolean): void {
    const settings = this.#changes.settings
    for (const { path: setting, before, ours } of settings.filter((each) => !keeps(each.path)).reverse()) {
      if (readSetting(setting) === ours) writeSettings([{ path: setting, value: before }])
    }
    this.#changes.update({ settings: settings.filter((each) => keeps(each.path)) })
  }
}
