import { describe, expect, it } from 'vitest'
import { VirtualTime } from './clock.ts'
import { seededEntropy } from './entropy.ts'
import { type Conditions, type Frame, Lan } from './lan.ts'

/** A LAN of ports a, b, c on one segment and d on another; `heard` is what each port got, and when. */
function lanOfFour(conditions: Partial<Conditions> = {}) {
  const time = new VirtualTime()
  const lan = new Lan(time, seededEntropy(7))
  const heard: { port: string; n: number; atMs: number }[] = []
  for (const [port, segment] of [
    ['a', 'lan1'],
    ['b', 'lan1'],
    ['c', 'lan1'],
    ['d', 'lan2'],
  ] as const) {
    lan.plug(port, segment, (frame) => heard.push({ port, n: numberOf(frame), atMs: time.now() }))
  }
  lan.setConditions('lan1', { loss: 0, duplication: 0, delayMs: [1, 1], ...conditions })
  return { time, lan, heard, ports: () => heard.map(({ port }) => port) }
}

function frame(n: number): Frame {
  const nobody = '' as never
  return {
    kind: 'vrrp',
    family: 'ipv4',
    source: nobody,
    destination: nobody,
    ttl: 255,
    payload: Uint8Array.of(n),
  }
}

function numberOf(received: Frame): number {
  return received.kind === 'vrrp' ? (received.payload[0] ?? -1) : -1
}

describe('a switch', () => {
  it('delivers to every other port of the segment, after the delay', () => {
    const { time, lan, heard } = lanOfFour()
    expect(lan.send('a', frame(1))).toBe(true)
    expect(heard).toEqual([])
    time.advanceTo(10)
    expect(heard).toEqual([
      { port: 'b', n: 1, atMs: 1 },
      { port: 'c', n: 1, atMs: 1 },
    ])
  })

  it('neither takes from nor delivers to a port without a cable, also when it is pulled underway', () => {
    const { time, lan, ports } = lanOfFour()
    lan.setLinked('a', false)
    expect(lan.send('a', frame(1))).toBe(false)
    lan.setLinked('a', true)
    lan.send('a', frame(2))
    lan.setLinked('c', false)
    time.advanceTo(10)
    expect(ports()).toEqual(['b'])
  })

  it('blocks one direction and leaves the other', () => {
    const { time, lan, ports } = lanOfFour()
    lan.block('a', 'b')
    lan.send('a', frame(1))
    lan.send('b', frame(2))
    time.advanceTo(10)
    expect(ports()).toEqual(['c', 'a', 'c'])
    expect(lan.canReach('a', 'b')).toBe(false)
    expect(lan.canReach('b', 'a')).toBe(true)
    expect(lan.canReach('a', 'd')).toBe(false)
    lan.heal()
    expect(lan.canReach('a', 'b')).toBe(true)
  })

  it('holds back what is clogged, then delivers all of it, in order', () => {
    const { time, lan, heard } = lanOfFour()
    lan.clog('a', 'b', 50)
    lan.send('a', frame(1))
    time.advanceTo(20)
    lan.send('a', frame(2))
    expect(lan.canReach('a', 'b')).toBe(false)
    time.advanceTo(60)
    expect(heard.filter(({ port }) => port === 'b')).toEqual([
      { port: 'b', n: 1, atMs: 50 },
      { port: 'b', n: 2, atMs: 50 },
    ])
  })

  it('loses and doubles as often as it is told, and never reorders', () => {
    const { time, lan, heard } = lanOfFour({ loss: 0.2, duplication: 0.1, delayMs: [0, 30] })
    for (let n = 0; n < 250; n++) time.at(4 * n, () => lan.send('a', frame(n)))
    time.advanceTo(5000)
    const atB = heard.filter(({ port }) => port === 'b').map(({ n }) => n)
    expect(atB).toEqual(atB.toSorted((x, y) => x - y))
    const different = new Set(atB).size
    expect(different).toBeGreaterThan(170)
    expect(different).toBeLessThan(230)
    expect(atB.length - different).toBeGreaterThan(5)
    expect(atB.length - different).toBeLessThan(40)
  })

  it('drops what is underway when it is closed', () => {
    const { time, lan, heard } = lanOfFour()
    lan.send('a', frame(1))
    lan.close()
    time.advanceTo(10)
    expect(heard).toEqual([])
  })

  it('refuses a second port of one name, and names it does not know', () => {
    const { lan } = lanOfFour()
    expect(() => lan.plug('a', 'lan1', () => {})).toThrow('port a is already plugged in')
    expect(() => lan.send('x', frame(1))).toThrow('no port x on this LAN')
  })
})
