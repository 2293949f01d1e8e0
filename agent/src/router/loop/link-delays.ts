/** Which state of its links does the loop go by, where flaps are held back? */
import type { InterfaceSettings, LinkDelays } from '@aloft/shared/config/tracking-config'
import { countedLink, type DelayedLink, seeLink, settleLink } from '../../tracking/link-delay.ts'
import type { LinkState } from '../../world/router-world.ts'
import { earliest, type Timed } from './timed.ts'

const AT_ONCE: LinkDelays = { upDelayMs: 0, downDelayMs: 0 }

export class DelayedLinks implements Timed {
  readonly #settled: (interfaceName: string, link: LinkState | null, now: number) => void
  readonly #links = new Map<string, DelayedLink>()
  #delays = new Map<string, LinkDelays>()

  /** `settled`: what was seen a while ago counts from now on. */
  constructor(settled: (interfaceName: string, link: LinkState | null, now: number) => void) {
    this.#settled = settled
  }

  /** For changes seen from now on; one that is being held back keeps the moment it was given. */
  configure(interfaces: readonly InterfaceSettings[]): void {
    this.#delays = new Map(interfaces.map((each) => [each.name, each]))
  }

  /** The kernel shows this; returns what counts. */
  see(interfaceName: string, seen: LinkState | null, now: number): LinkState | null {
    const delays = this.#delays.get(interfaceName) ?? AT_ONCE
    const link = seeLink(delays, this.#links.get(interfaceName) ?? null, { seen, now })
    this.#links.set(interfaceName, link)
    return countedLink(link)
  }

  /** Nobody follows them any more. */
  keep(interfaceNames: ReadonlySet<string>): void {
    for (const name of this.#links.keys()) if (!interfaceNames.has(name)) this.#links.delete(name)
  }

  dueAt(): number | null {
    let dueAt: number | null = null
    for (const { settlesAt } of this.#links.values()) dueAt = earliest(dueAt, settlesAt)
    return dueAt
  }

  ring(now: number): void {
    for (const [name, link] of this.#links) {
      const settled = settleLink(link, now)
      if (settled === link) continue
      this.#links.set(name, settled)
      this.#settled(name, countedLink(settled), now)
    }
  }
}
