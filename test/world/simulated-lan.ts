/** The simulated LAN under real time, for the same suites. */
import { realTime } from '../../agent/src/simulated/clock.ts'
import { seededEntropy } from '../../agent/src/simulated/entropy.ts'
import { SimulatedHost } from '../../agent/src/simulated/host.ts'
import { Lan } from '../../agent/src/simulated/lan.ts'
import { parseAddress } from '../../shared/src/network/address.ts'
import { formatPrefix } from '../../shared/src/network/prefix.ts'
import { ENDPOINT, type HostName, INTERFACE, type LanUnderTest, Told } from './lan-under-test.ts'

const OWN = { a: '192.0.2.1', b: '192.0.2.2' }

export async function createSimulatedLan(): Promise<LanUnderTest> {
  const time = realTime(() => performance.now())
  const lan = new Lan(time, seededEntropy(1))
  const told = { a: new Told(), b: new Told() }
  const host = (name: HostName) => {
    const interfaces = [{ name: INTERFACE, segment: 'lan', ipv4: parseAddress(OWN[name]) }]
    const made = new SimulatedHost({ name, interfaces }, { lan, time })
    made.connect(told[name])
    made.open(ENDPOINT)
    return made
  }
  const hosts = { a: host('a'), b: host('b') }
  return {
    a: { links: hosts.a, holdings: hosts.a, told: told.a },
    b: { links: hosts.b, holdings: hosts.b, told: told.b },
    async setUp(name, up) {
      hosts[name].change(INTERFACE, { isUp: up })
    },
    addressesOf: async (name) => [`${OWN[name]}/24`, ...hosts[name].held(INTERFACE).map(formatPrefix)],
    whoHas(address) {
      const name = hosts.b.neighbour(address)
      return name === 'a' || name === 'b' ? name : null
    },
    close: async () => lan.close(),
  }
}
