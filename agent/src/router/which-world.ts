/** Which world does this router run in: the kernel, or the simulated LAN of a demo without root? */
import { createClock } from '../linux/clock.ts'
import { createLinuxWorld } from '../linux/linux-world.ts'
import { realTime } from '../simulated/clock.ts'
import { attachToSimulatedLan } from '../simulated/lan-client.ts'
import { NO_VIRTUAL_LINKS } from '../simulated/virtual-links.ts'
import type { Alarm, Clock } from '../world/router-world.ts'
import type { World, WorldParts } from './router-process.ts'

/** `SOCKET#HOST`: the simulated LAN served at that path, as that host. Set by `aloft demo`. */
export const SIMULATED_LAN_VARIABLE = 'ALOFT_SIMULATED_LAN'

/** Rejects when the simulated LAN is named and not to be reached. */
export async function chooseWorld(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<(parts: WorldParts) => World> {
  const simulated = environment[SIMULATED_LAN_VARIABLE]
  if (!simulated) return kernelWorld
  const [socketPath = '', host = ''] = simulated.split('#')
  const lan = await attachToSimulatedLan(socketPath, host)
  const clock = createClock()
  return ({ journal, recorder, isVirtual }) => {
    const { alarm, onRing } = timerAlarm(clock)
    return {
      world: {
        clock,
        alarm,
        links: lan.links,
        holdings: lan.holdings,
        virtualLinks: NO_VIRTUAL_LINKS,
        journal,
        recorder,
      },
      listen(input) {
        onRing(() => input.alarm())
        lan.bind(input)
      },
      held: () =>
        lan.held
          .filter(({ interfaceName, prefix }) => isVirtual(interfaceName, prefix.address))
          .map(({ interfaceName, prefix }) => ({ interfaceName, addresses: [prefix] })),
      removeLeft: (left) => lan.holdings.release(left),
      removeLeftRouting() {},
      close() {
        alarm.set(null)
        void lan.detach()
      },
    }
  }
}

function kernelWorld({ journal, recorder, isVirtual, isOwned, changes }: WorldParts): World {
  const kernel = createLinuxWorld({ isVirtual, changes })
  const { clock, alarm, links, holdings, virtualLinks, bfd } = kernel
  kernel.warmUp()
  return {
    world: { clock, alarm, links, holdings, virtualLinks, bfd, journal, recorder },
    listen: (input) => kernel.start(input),
    held: () =>
      kernel.interfaces().map((interfaceName) => ({
        interfaceName,
        addresses: kernel.present(interfaceName).filter(({ address }) => isVirtual(interfaceName, address)),
      })),
    removeLeft: (left) => kernel.removeLeft(left, ({ device, address }) => !isOwned(device, address)),
    removeLeftRouting: (kept) => kernel.removeLeftRouting(kept),
    close: () => kernel.close(),
  }
}

/** An alarm on Node's timers, for a LAN where a millisecond more does not matter. */
function timerAlarm(clock: Clock): { readonly alarm: Alarm; onRing(ring: () => void): void } {
  const time = realTime(() => clock.now())
  let cancel: (() => void) | null = null
  let ring = () => {}
  return {
    alarm: {
      set(atMs) {
        cancel?.()
        cancel = atMs === null ? null : time.at(atMs, () => ring())
      },
    },
    onRing(callback) {
      ring = callback
    },
  }
}
