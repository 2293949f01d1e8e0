import type { Address } from '@aloft/shared/network/address'
import { activeDownInterval } from '../../vrrp/intervals.ts'
import { type Advertisement, RESIGN } from '../../vrrp/virtual-router.ts'
import type { LinkState } from '../../world/links.ts'
import type { Instance } from './instance.ts'
import type { Heard } from './pairing-keeper.ts'

export interface HeardAdvertisement {
  readonly link: LinkState | null
  readonly source: Address
  readonly advertisement: Advertisement
}

/** An advertisement that a router has just looked at, as pairing sees it; null where it says nothing of an active. */
export function heardOf(
  { config, state, parameters }: Instance,
  { link, source, advertisement }: HeardAdvertisement,
): Heard | null {
  if (config.pairing === null || advertisement.priority === RESIGN) return null
  const { intervalMs } = advertisement
  return {
    interfaceName: config.interface,
    local: parameters.source,
    remote: source,
    prefixes: link?.prefixes ?? [],
    isFollowed: state.role === 'backup' && state.lastHeard?.source === source,
    intervalMs,
    downMs: activeDownInterval(parameters, intervalMs),
  }
}
