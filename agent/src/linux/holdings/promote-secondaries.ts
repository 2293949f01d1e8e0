/**
 * The sysctl promote_secondaries of an interface, by netlink (IFLA_INET_CONF). Where it is off, the first address of a
 * network takes all the others along when it goes: a virtual address that ends would end addresses that are not ours.
 */
import { AF_INET, LITTLE_ENDIAN } from '../kernel-numbers.ts'
import { attribute, message, NLM_F_REQUEST, nest, readAttributes, u32, viewOf } from '../netlink-message.ts'

const RTM_SETLINK = 19
const IFLA_AF_SPEC = 26
const IFLA_INET_CONF = 1
/** linux/ip.h. */
const IPV4_DEVCONF_PROMOTE_SECONDARIES = 20

export function encodePromotion(index: number, on: boolean): Uint8Array {
  const body = new Uint8Array(16)
  viewOf(body).setInt32(4, index, LITTLE_ENDIAN)
  const value = attribute(IPV4_DEVCONF_PROMOTE_SECONDARIES, u32(on ? 1 : 0))
  const spec = nest(IFLA_AF_SPEC, [nest(AF_INET, [nest(IFLA_INET_CONF, [value])])])
  return message({ type: RTM_SETLINK, flags: NLM_F_REQUEST, sequence: 0 }, [body, spec])
}

/** From the attributes of a link message; true where the kernel does not say. */
export function promotesSecondaries(attributes: ReadonlyMap<number, Uint8Array>): boolean {
  const spec = attributes.get(IFLA_AF_SPEC)
  const inet = spec && readAttributes(spec).get(AF_INET)
  const values = inet && readAttributes(inet).get(IFLA_INET_CONF)
  const at = 4 * (IPV4_DEVCONF_PROMOTE_SECONDARIES - 1)
  if (values === undefined || values.length < at + 4) return true
  return viewOf(values).getUint32(at, LITTLE_ENDIAN) !== 0
}
