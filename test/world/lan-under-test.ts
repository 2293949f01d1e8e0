/** One LAN with two hosts, `a` and `b`, as each world makes it: what the suites of the world interfaces run against. */
import { GROUP } from '../../agent/src/vrrp/virtual-router.ts'
import type { Holding, HoldingFailure, HoldingLoss, Holdings } from '../../agent/src/world/holdings.ts'
import type {
  AddressClaim,
  Datagram,
  Endpoint,
  Links,
  RouterInput,
  UndecodablePacket,
} from '../../agent/src/world/router-world.ts'
import type { Prefix } from '../../shared/src/network/prefix.ts'

export const INTERFACE = 'eth0'
/** What every host listens to from the start. */
export const ENDPOINT: Endpoint = {
  interfaceName: INTERFACE,
  family: 'ipv4',
  group: GROUP.ipv4,
  isAuthenticated: false,
}
export type HostName = 'a' | 'b'

/** A host with an interface `eth0`, and everything its world has told so far. */
export interface HostUnderTest {
  readonly links: Links
  readonly holdings: Holdings
  readonly told: Told
}

export interface LanUnderTest {
  readonly a: HostUnderTest
  readonly b: HostUnderTest
  /** Takes the host's own interface down or up. */
  setUp(host: HostName, up: boolean): Promise<void>
  /** Addresses on the host's interface, asked of the kernel (or its stand-in) and not of the world. */
  addressesOf(host: HostName): Promise<string[]>
  /** Whom host b would send to for an address, after what it has heard announced. */
  whoHas(address: Prefix['address']): HostName | null
  close(): Promise<void>
}

/** Collects what a world tells its loop. */
export class Told implements RouterInput {
  readonly datagrams: Datagram[] = []
  readonly undecodables: UndecodablePacket[] = []
  readonly linkChanges: string[] = []
  readonly failures: string[] = []
  readonly losses: HoldingLoss[] = []
  readonly claims: AddressClaim[] = []
  alarms = 0

  datagram(datagram: Datagram): void {
    this.datagrams.push(datagram)
  }
  together(deliver: () => void): void {
    deliver()
  }
  undecodable(packet: UndecodablePacket): void {
    this.undecodables.push(packet)
  }
  bfd(): void {}
  linkChanged(interfaceName: string): void {
    this.linkChanges.push(interfaceName)
  }
  holdingFailed({ what, error }: HoldingFailure): void {
    this.failures.push(`${what}: ${error}`)
  }
  addressClaimed(claim: AddressClaim): void {
    this.claims.push(claim)
  }
  holdingLost(loss: HoldingLoss): void {
    this.losses.push(loss)
  }
  virtualLinkChanged(router: string): void {
    this.linkChanges.push(router)
  }
  alarm(): void {
    this.alarms += 1
  }
}

/** Addresses of a virtual router, all on one interface. */
export function holding(device: string, addresses: readonly Prefix[]): Holding {
  return {
    holder: 'web',
    addresses: addresses.map((each) => ({ ...each, device })),
    routes: [],
    rules: [],
    leaseMs: null,
    promoteSecondaries: false,
  }
}

/** Waits until `probe` gives something else than null, false or undefined; rejects with `what` after two seconds. */
export async function eventually<T>(what: string, probe: () => T | Promise<T>): Promise<NonNullable<T>> {
  const deadline = Date.now() + 2000
  for (;;) {
    const found = await probe()
    if (found !== null && found !== undefined && found !== false) return found
    if (Date.now() > deadline) throw new Error(`did not happen within 2 s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
