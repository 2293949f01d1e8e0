/** `VirtualLinks` over the kernel: macvlans and ipvlans by rtnetlink, sysctl by /proc, the firewall by nfnetlink. */
import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import { keyOf } from '../../vrrp/router-key.ts'
import type { OutgoingPacket } from '../../world/links.ts'
import type { RouterInput } from '../../world/router-world.ts'
import type { Preparation, VirtualLinks } from '../../world/virtual-links.ts'
import type { LinkTable } from '../link-table.ts'
import type { Netio } from '../netio.ts'
import { AcceptTable } from './accept-table.ts'
import {
  type Device,
  devicesOf,
  elementsOf,
  type Macvlan,
  mismatch,
  needsFirewall,
  parentsOfMacvlans,
  refused,
  silenceOf,
  unsuitable,
} from './devices.ts'
import { type ChangesStore, HostChanges } from './host-changes.ts'
import {
  BorrowedSettings,
  settingsBelow,
  settingsForReversePath,
  settingsLikeBelow,
  settingsOfDevice,
  writeSettings,
} from './kernel-settings.ts'
import { LinkMaker } from './link-maker.ts'
import type { Element } from './nftables-messages.ts'
import { type VirtualMacPort, VirtualMacPorts } from './virtual-mac-ports.ts'

export interface KernelVirtualLinksOptions {
  readonly table: LinkTable
  readonly store: ChangesStore
  readonly input: () => RouterInput | null
}

/** A router that has a device of its own, or keeps packets out. */
interface Entry {
  readonly router: VirtualRouterConfig
  readonly devices: readonly Device[]
  /** Index of each device that is there, by its name. */
  readonly indexes: Map<string, number>
  /** Indexes of the macvlans that are up: raised, or silenced by the firewall. An ipvlan is up all the time. */
  readonly up: Set<number>
  port: VirtualMacPort | null
  isRaised: boolean
  problem: string | null
}

const SWEEP_AFTER_MS = 100
/** Not every remedy is a change of links: a module is loaded, say. */
const RETRY_AFTER_MS = 2000

export class KernelVirtualLinks implements VirtualLinks {
  readonly #netio: Netio
  readonly #options: KernelVirtualLinksOptions
  readonly #links: LinkMaker
  readonly #changes: HostChanges
  readonly #settings: BorrowedSettings
  readonly #ports: VirtualMacPorts
  readonly #entries = new Map<string, Entry>()
  #accept: AcceptTable | null = null
  /** Whose links stay. */
  #wanted: readonly VirtualRouterConfig[] = []
  #sweeping: NodeJS.Timeout | undefined
  #retrying: NodeJS.Timeout | undefined

  constructor(netio: Netio, options: KernelVirtualLinksOptions) {
    this.#netio = netio
    this.#options = options
    this.#links = new LinkMaker(netio)
    this.#changes = new HostChanges(options.store)
    this.#settings = new BorrowedSettings(this.#changes)
    this.#ports = new VirtualMacPorts(netio, (datagram) => options.input()?.datagram(datagram))
  }

  prepare({ routers, holding, firewall }: Preparation): void {
    this.#wanted = routers
    for (const router of routers.filter(needsAnything)) this.#enter(router, holding.includes(router))
    this.#retryLater()
    const entries = [...this.#entries.values()].filter((entry) => needsFirewall(entry.router))
    if (entries.length === 0) return
    const holders = new Map(entries.map((entry) => [keyOf(entry.router), this.#keptOut(entry)]))
    const refusal = attempt(() => {
      this.#changes.update({ tables: [...new Set([...this.#changes.tables, firewall.table])] })
      const failure = this.#table().prepare(firewall, holders)
      // One of another name goes once this one does its work.
      if (failure === null) this.#removeTables((table) => table !== firewall.table)
      return failure
    })
    if (refusal === null) return
    for (const entry of entries) {
      if (!entry.router.accept) entry.problem ??= `cannot keep packets out: ${refusal}`
      if (!entry.isRaised) this.#takeDown(entry)
    }
  }

  /** An entry of the router as it is configured now, made anew where its predecessor was another's. */
  #enter(router: VirtualRouterConfig, isHolding: boolean): void {
    const key = keyOf(router)
    const known = this.#entries.get(key)
    if (known && this.#isWhole(known) && JSON.stringify(known.router) === JSON.stringify(router)) {
      if (!isHolding) this.lower(router)
      return
    }
    if (known) this.#closePort(known)
    const devices = devicesOf(router)
    const entry: Entry = {
      router,
      devices,
      indexes: new Map(),
      port: null,
      up: new Set(),
      isRaised: isHolding,
      problem: null,
    }
    this.#entries.set(key, entry)
    entry.problem = attempt(() => this.#make(entry))
  }

  /** Makes the entry's devices as they must be; null, or why that is not possible. */
  #make(entry: Entry): string | null {
    const { devices } = entry
    const [own] = devices
    if (own === undefined) return null
    const parents = parentsOfMacvlans(devices).flatMap(settingsBelow)
    this.#settings.borrow([...parents, ...settingsForReversePath()])
    for (const device of devices) {
      const problem = this.#makeDevice(device, entry)
      if (problem !== null) return problem
    }
    if (own.kind === 'macvlan') this.#openPort(entry, own)
    if (entry.isRaised) this.#bringUp(entry)
    return null
  }

  #makeDevice(device: Device, { indexes, up }: Entry): string | null {
    const below = this.#links.find(device.parent)?.link
    if (below === undefined) return `there is no interface ${device.parent}`
    const refusal = unsuitable(device.kind, below)
    if (refusal !== null) return refusal
    const found = this.#links.find(device.name)?.link
    const difference = found ? mismatch(device, found, below) : null
    if (found && difference !== null) {
      // What an earlier configuration of ours made is ours to replace; what somebody else made is not.
      if (!this.#changes.links.includes(device.name)) return difference
      this.#links.remove([found.index])
    }
    if (found === undefined || difference !== null) {
      this.#changes.update({ links: [...new Set([...this.#changes.links, device.name])] })
      const failure = this.#links.make({ ...device, parent: below.index })
      if (failure !== null) return refused(device, failure)
    }
    writeSettings([...settingsOfDevice(device.name), ...settingsLikeBelow(device.name, device.parent)])
    const made = this.#links.find(device.name)
    if (made === null) return `${device.name} was removed while it was made`
    // Whoever adds addresses to it must not wait for the kernel's notice.
    this.#options.table.apply(made.messages)
    indexes.set(device.name, made.link.index)
    // It has the MAC address of the interface and, while backup, no virtual address: there is nothing to hide.
    if (device.kind === 'ipvlan') {
      const failure = this.#links.setUp(made.link.index, true)
      return failure === null ? null : `cannot raise ${device.name}: ${failure}`
    }
    if (made.link.isUp) up.add(made.link.index)
    return null
  }

  #openPort(entry: Entry, { name, parent, mac }: Macvlan): void {
    const { router, indexes } = entry
    this.#closePort(entry)
    const below = this.#options.table.find(parent)?.index
    const device = indexes.get(name)
    if (below === undefined || device === undefined || router.unicast !== null) return
    const { family, interface: interfaceName } = router
    entry.port = { parent: below, device, mac, family, interfaceName }
    this.#ports.add(entry.port)
  }

  #closePort(entry: Entry): void {
    if (entry.port !== null) this.#ports.remove(entry.port)
    entry.port = null
  }

  retain(routers: readonly VirtualRouterConfig[]): void {
    const kept = new Set(routers.filter(needsAnything).map(keyOf))
    for (const [key, entry] of this.#entries) {
      if (kept.has(key)) continue
      this.#closePort(entry)
      this.#accept?.hold(key, [])
      this.#entries.delete(key)
    }
    this.#wanted = routers
    // Routers leave one by one when the agent stops, and removing one link takes as long as removing a hundred.
    if (this.#entries.size === 0) this.#sweep()
    else this.#sweeping ??= setTimeout(() => this.#sweep(), SWEEP_AFTER_MS)
  }

  /** Takes away what is not wanted any more. */
  #sweep(): void {
    clearTimeout(this.#sweeping)
    this.#sweeping = undefined
    const devices = this.#wanted.flatMap(devicesOf)
    const names = new Set(devices.map(({ name }) => name))
    attempt(() => {
      this.#removeLinks((name) => names.has(name))
      const below = new Set(
        parentsOfMacvlans(devices)
          .flatMap(settingsBelow)
          .map(({ path }) => path),
      )
      const isReversePath = (setting: string) => devices.length > 0 && setting.endsWith('/rp_filter')
      this.#settings.giveBack((setting) => below.has(setting) || isReversePath(setting))
      if (!this.#wanted.some(needsFirewall)) this.#removeTables(() => true)
      return null
    })
  }

  #removeLinks(isKept: (name: string) => boolean): void {
    const unwanted = this.#changes.links.filter((name) => !isKept(name))
    const found = unwanted.flatMap((name) => this.#links.find(name)?.link ?? [])
    // A link of that name that is none of ours was made after ours had gone.
    const ours = found.filter(({ kind }) => kind === 'macvlan' || kind === 'ipvlan')
    this.#links.remove(ours.map(({ index }) => index))
    this.#changes.update({ links: this.#changes.links.filter(isKept) })
  }

  #removeTables(isWanted: (table: string) => boolean): void {
    for (const table of this.#changes.tables.filter(isWanted)) this.#table().remove(table)
    this.#changes.update({ tables: this.#changes.tables.filter((table) => !isWanted(table)) })
  }

  raise(router: VirtualRouterConfig): boolean {
    const entry = this.#entries.get(keyOf(router))
    if (entry === undefined) return true
    entry.isRaised = true
    const refusal = this.#hold(entry)
    if (refusal !== null && !router.accept) {
      this.#became(entry, `cannot keep packets out: ${refusal}`)
      return false
    }
    this.#bringUp(entry)
    return true
  }

  /**
   * A device that was up stays up, and the firewall lets nothing in or out by it: to take it down, the kernel waits some
   * 15 ms, in which nobody would advertise.
   */
  lower(router: VirtualRouterConfig): void {
    const entry = this.#entries.get(keyOf(router))
    if (entry === undefined) return
    entry.isRaised = false
    const refusal = this.#hold(entry)
    if (refusal !== null) this.#takeDown(entry)
  }

  #bringUp({ devices, indexes, up }: Entry): void {
    for (const { kind, name } of devices) {
      const index = indexes.get(name)
      if (index === undefined || kind === 'ipvlan') continue
      if (this.#links.setUp(index, true) === null) up.add(index)
    }
  }

  #takeDown({ up }: Entry): void {
    for (const index of up) this.#links.setUp(index, false)
    up.clear()
  }

  send(router: VirtualRouterConfig, packet: OutgoingPacket): boolean {
    const port = this.#entries.get(keyOf(router))?.port ?? null
    return port !== null && this.#ports.send(port, packet)
  }

  problem(router: VirtualRouterConfig): string | null {
    return this.#entries.get(keyOf(router))?.problem ?? null
  }

  /** Takes in every datagram that has arrived. */
  drain(): void {
    this.#ports.drain()
  }

  /** The table of links has changed: makes what has gone, and what could not be made before. */
  refresh(): void {
    for (const entry of this.#entries.values()) {
      if (entry.devices.length === 0 || this.#isWhole(entry)) continue
      entry.up.clear()
      this.#became(
        entry,
        attempt(() => this.#make(entry)) ?? (entry.router.accept ? null : this.#hold(entry)),
      )
    }
    this.#retryLater()
  }

  /** What stands in the way may end without a word from the kernel. */
  #retryLater(): void {
    const isWanting = [...this.#entries.values()].some(
      ({ devices, problem }) => devices.length > 0 && problem !== null,
    )
    if (!isWanting || this.#retrying !== undefined) return
    this.#retrying = setTimeout(() => {
      this.#retrying = undefined
      this.refresh()
    }, RETRY_AFTER_MS)
  }

  /** Forwarding was switched on or off for these interfaces; null: perhaps for any. */
  forwardingChanged(indexes: ReadonlySet<number> | null): void {
    const devices = [...this.#entries.values()].flatMap((entry) => entry.devices)
    for (const { name, parent } of devices) {
      const index = this.#options.table.find(parent)?.index
      if (indexes !== null && (index === undefined || !indexes.has(index))) continue
      // A device that has gone is made again with what its parent has by then.
      attempt(() => {
        writeSettings(settingsLikeBelow(name, parent))
        return null
      })
    }
  }

  #isWhole({ devices, indexes, problem }: Entry): boolean {
    if (problem !== null) return false
    return devices.every(({ name }) => this.#options.table.find(name)?.index === indexes.get(name))
  }

  #became(entry: Entry, problem: string | null): void {
    if (entry.problem === problem) return
    entry.problem = problem
    // Never inside the call that failed: the loop is in the middle of its actions then.
    setImmediate(() => this.#options.input()?.virtualLinkChanged(keyOf(entry.router)))
  }

  /** What the firewall has to know of a router now. */
  #keptOut({ router, isRaised, up }: Entry): readonly Element[] {
    if (!isRaised) return silenceOf(up)
    return router.accept
      ? []
      : elementsOf(router, (device) => this.#options.table.find(device)?.index ?? null)
  }

  /** Tells the firewall; null, or why that is not possible. A kernel without nftables refuses the very socket. */
  #hold(entry: Entry): string | null {
    if (!needsFirewall(entry.router)) return null
    return attempt(() => this.#table().hold(keyOf(entry.router), this.#keptOut(entry)))
  }

  #table(): AcceptTable {
    this.#accept ??= new AcceptTable(this.#netio, (why) => {
      for (const entry of this.#entries.values()) {
        if (!entry.router.accept) this.#became(entry, `cannot keep packets out: ${why}`)
      }
    })
    return this.#accept
  }

  close(): void {
    if (this.#sweeping !== undefined) this.#sweep()
    clearTimeout(this.#retrying)
    this.#ports.close()
    this.#accept?.close()
    this.#links.close()
  }
}

function needsAnything(router: VirtualRouterConfig): boolean {
  return router.ipvlan !== null || needsFirewall(router)
}

/** What a step says stands in its way, or what it throws. */
function attempt(step: () => string | null): string | null {
  try {
    return step()
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
