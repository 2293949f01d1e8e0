import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import path from 'node:path'
import { parseAddress } from '@aloft/shared/network/address'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import * as kernel from './kernel-numbers.ts'
import { ip } from './namespace.ts'
import { type NativeSocket, netio } from './netio.ts'

/** Every call of netio against the kernel, in a namespace of this test's own: the thread moves there and back. */
const namespace = `netio${process.pid}`
const io = netio()
const home = openSync('/proc/self/ns/net', 'r')
const opened: { close(): void }[] = []
const loopback = parseAddress('127.0.0.1')
if (loopback === null) throw new Error('address of the test')

function socket(...[domain, type, protocol]: [number, number, number]): NativeSocket {
  const made = io.socket(domain, type, protocol)
  opened.push(made)
  return made
}
function timer() {
  const made = io.timer()
  opened.push(made)
  return made
}
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const now = () => Number(process.hrtime.bigint()) / 1e6
const isCloseOnExec = (fd: number) =>
  !spawnSync('readlink', ['-v', `/proc/self/fd/${fd}`], { encoding: 'utf8' }).stdout.includes('socket:')
/** sockaddr_in with a port, for the UDP sockets that stand for "some datagram socket". */
function udpAddress(port: number): Uint8Array {
  const bytes = kernel.ipv4SocketAddress(
    loopback ??
      (() => {
        throw new Error()
      })(),
  )
  new DataView(bytes.buffer).setUint16(2, port)
  return bytes
}
function boundUdp(port: number): NativeSocket {
  const made = socket(kernel.AF_INET, kernel.SOCK_DGRAM, 0)
  made.bind(udpAddress(port))
  return made
}

beforeAll(async () => {
  await ip('netns', 'add', namespace)
  await ip('-n', namespace, 'link', 'set', 'lo', 'up')
  const inside = openSync(`/var/run/netns/${namespace}`, 'r')
  io.setNetworkNamespace(inside)
  closeSync(inside)
})
afterEach(() => {
  for (const each of opened.splice(0)) each.close()
})
afterAll(async () => {
  io.setNetworkNamespace(home)
  closeSync(home)
  await ip('netns', 'del', namespace)
})

describe('sockets', () => {
  it('belong to the namespace the thread has entered', () => {
    expect(execFileSync('ip', ['-br', 'link'], { encoding: 'utf8' }).trim().split('\n')).toHaveLength(1)
    expect(io.interfaceIndex('lo')).toBe(1)
  })

  it('send and receive with address and ancillary data', async () => {
    const [from, to] = [boundUdp(4001), boundUdp(4002)]
    to.setOption(0, 12, 1) // IP_RECVTTL
    expect(from.send(Uint8Array.of(1, 2, 3), udpAddress(4002), null)).toBe(3)
    await pause(5)
    const [data, address, control] = [new Uint8Array(10), new Uint8Array(16), new Uint8Array(64)]
    expect(to.receive(data, address, control)).toEqual({
      bytes: 3,
      addressBytes: 16,
      controlBytes: 24,
      flags: 0,
    })
    expect([...data.subarray(0, 3)]).toEqual([1, 2, 3])
    expect([...address.subarray(0, 8)]).toEqual([...udpAddress(4001).subarray(0, 8)])
    // cmsghdr: length 20, IPPROTO_IP, IP_TTL, then 64, the default.
    expect([...new Uint32Array(control.buffer).subarray(0, 5)]).toEqual([20, 0, 0, 2, 64])
    expect(to.receive(data, null, null)).toBeNull()
  })

  it('take ancillary data along when they send: the time to live of one datagram', () => {
    const [from, to] = [boundUdp(4003), boundUdp(4004)]
    to.setOption(0, 12, 1)
    const control = new Uint8Array(24)
    new Uint32Array(control.buffer).set([20, 0, 0, 2, 9])
    from.send(Uint8Array.of(1), udpAddress(4004), control)
    const received = new Uint8Array(24)
    to.receive(new Uint8Array(1), null, received)
    expect(new Uint32Array(received.buffer)[4]).toBe(9)
  })

  it('say when a datagram was longer than the buffer', () => {
    const [from, to] = [boundUdp(4005), boundUdp(4006)]
    from.send(new Uint8Array(100), udpAddress(4006), null)
    expect(to.receive(new Uint8Array(10), null, null)).toMatchObject({ bytes: 10, flags: 0x20 })
  })

  it('send and receive many at once', () => {
    const [from, to] = [boundUdp(4007), boundUdp(4008)]
    const list = Array.from({ length: 64 }, (_, i) => Uint8Array.of(i, i))
    expect(from.sendMany(list, udpAddress(4008), null)).toBe(64)
    const buffers = Array.from({ length: 40 }, () => new Uint8Array(2))
    expect(to.receiveMany(buffers).map(({ bytes }) => bytes)).toEqual(buffers.map(() => 2))
    expect(buffers.map((each) => each[0])).toEqual(buffers.map((_, i) => i))
    expect(to.receiveMany(buffers)).toHaveLength(24)
    expect(to.receiveMany(buffers)).toEqual([])
  })

  it('have options by number', () => {
    const made = socket(kernel.AF_INET, kernel.SOCK_RAW, kernel.IPPROTO_VRRP)
    made.setOption(kernel.SOL_SOCKET, kernel.SO_PRIORITY, 5)
    const value = new Uint8Array(4)
    expect(made.getOption(kernel.SOL_SOCKET, kernel.SO_PRIORITY, value)).toBe(4)
    expect([...value]).toEqual([5, 0, 0, 0])
    made.setOption(kernel.SOL_SOCKET, kernel.SO_BINDTODEVICE, kernel.optionText('lo'))
    const name = new Uint8Array(16)
    expect(made.getOption(kernel.SOL_SOCKET, kernel.SO_BINDTODEVICE, name)).toBe(3)
    expect(Buffer.from(name).toString('latin1', 0, 2)).toBe('lo')
  })

  it('reach the link layer', () => {
    const [from, to] = [
      socket(kernel.AF_PACKET, kernel.SOCK_RAW, 0),
      socket(kernel.AF_PACKET, kernel.SOCK_RAW, 0),
    ]
    to.bind(kernel.linkLayerAddress(1, 0x88b5))
    const frame = new Uint8Array(20).fill(7)
    frame.set([0x88, 0xb5], 12)
    from.send(frame, kernel.linkLayerAddress(1, 0x88b5), null)
    const data = new Uint8Array(64)
    expect(to.receive(data, null, null)).toMatchObject({ bytes: 20 })
    expect(data.subarray(0, 20)).toEqual(frame)
  })

  it('reach systemd by an abstract unix name', () => {
    const [from, to] = [socket(1, kernel.SOCK_DGRAM, 0), socket(1, kernel.SOCK_DGRAM, 0)]
    to.bind(kernel.unixSocketAddress(`@${namespace}`))
    from.send(Buffer.from('READY=1'), kernel.unixSocketAddress(`@${namespace}`), null)
    expect(to.receive(new Uint8Array(64), null, null)).toMatchObject({ bytes: 7 })
  })

  it('tell the loop when they become readable, until told not to', async () => {
    const [from, to] = [boundUdp(4009), boundUdp(4010)]
    let woken = 0
    to.watch(() => {
      woken += 1
      to.receiveMany([new Uint8Array(1)])
    })
    from.send(Uint8Array.of(1), udpAddress(4010), null)
    await pause(20)
    expect(woken).toBe(1)
    to.pause(true)
    from.send(Uint8Array.of(1), udpAddress(4010), null)
    await pause(20)
    expect(woken).toBe(1)
    to.pause(false)
    await pause(20)
    expect(woken).toBe(2)
    to.watch(null)
    to.pause(false)
    from.send(Uint8Array.of(1), udpAddress(4010), null)
    await pause(20)
    expect(woken).toBe(2)
    expect(io.isReadable(to.fd)).toBe(true)
    expect(io.isReadable(from.fd)).toBe(false)
  })

  it('are not inherited by children, and others can be kept from it', () => {
    const made = boundUdp(4011)
    expect(isCloseOnExec(made.fd)).toBe(true)
    const file = openSync('/proc/self/status', 'r')
    io.setCloseOnExec(file)
    closeSync(file)
    expect(() => io.setCloseOnExec(file)).toThrow('EBADF: Bad file descriptor, fcntl')
  })

  it('are closed for good: no later call reaches another descriptor of the same number', () => {
    const made = boundUdp(4012)
    made.close()
    made.close()
    expect(made.fd).toBe(-1)
    expect(() => made.send(new Uint8Array(1), udpAddress(4012), null)).toThrow('the descriptor is closed')
    expect(() => made.watch(() => {})).toThrow('the descriptor is closed')
  })
})

describe('timers', () => {
  it('ring once, at their time, and not after they were switched off', async () => {
    const made = timer()
    const rang: number[] = []
    made.watch(() => rang.push(now()))
    const atMs = now() + 10.25
    made.setTimer(atMs)
    await pause(30)
    expect(rang).toHaveLength(1)
    expect(rang[0]).toBeGreaterThanOrEqual(atMs)
    made.setTimer(now() + 5)
    made.setTimer(null)
    await pause(20)
    expect(rang).toHaveLength(1)
  })

  it('ring at once for a time that is past', async () => {
    const made = timer()
    let rang = 0
    made.watch(() => {
      rang += 1
    })
    made.setTimer(0)
    await pause(10)
    expect(rang).toBe(1)
  })
})

describe('scheduling', () => {
  it('is asked for and told by thread', () => {
    expect(io.getScheduler(0)).toEqual({ policy: 0, priority: 0 })
    const SCHED_BATCH = 3
    io.setScheduler(0, SCHED_BATCH, 0)
    expect(io.getScheduler(process.pid)).toEqual({ policy: SCHED_BATCH, priority: 0 })
    io.setScheduler(0, 0, 0)
    expect(() => io.getScheduler(2 ** 31 - 1)).toThrow('ESRCH')
    expect(() => io.setScheduler(0, 0, 7)).toThrow('EINVAL: Invalid argument, sched_setscheduler')
  })

  it('is limited in microseconds, or not at all', () => {
    const before = io.getRealtimeLimit()
    try {
      io.setRealtimeLimit(250_000, before.hard)
      expect(io.getRealtimeLimit()).toEqual({ soft: 250_000, hard: before.hard })
      expect(() => io.setRealtimeLimit(2, 1)).toThrow('EINVAL: Invalid argument, setrlimit')
      expect(() => io.setRealtimeLimit(-1, null)).toThrow('soft must be an integer from 0 to 2147483647')
    } finally {
      io.setRealtimeLimit(before.soft, before.hard)
    }
    expect(io.getRealtimeLimit()).toEqual(before)
  })
})

describe('wrong arguments', () => {
  // `as never`: the very calls the types forbid.
  it.each([
    [
      'too few',
      () => io.socket(...([2, 3] as unknown as [number, number, number])),
      '3 arguments are needed, 2 were given',
    ],
    ['a string for a number', () => io.socket('2' as never, 3, 0), 'domain must be a number'],
    ['a fraction', () => io.socket(2, 3, 0.5), 'protocol must be an integer from 0 to 65535'],
    ['not a number', () => io.isReadable(Number.NaN), 'fd must be an integer from 0 to 2147483647'],
    ['a stream', () => io.socket(2, 1, 0), 'type must be SOCK_DGRAM or SOCK_RAW'],
    ['an unknown family', () => io.socket(40, 2, 0), 'domain must be AF_UNIX, AF_INET'],
    ['an unknown policy', () => io.setScheduler(0, 7, 0), 'policy is not a scheduling policy'],
    ['a long interface name', () => io.interfaceIndex('x'.repeat(16)), 'name must have 1 to 15 bytes'],
    ['a name with a zero byte', () => io.interfaceIndex('a\0b'), 'name must not hold a zero byte'],
    ['no such interface', () => io.interfaceIndex('nowhere0'), 'ENODEV: No such device, if_nametoindex'],
    ['no such family protocol', () => io.socket(2, 2, 200), 'EPROTONOSUPPORT'],
    ['words to send', () => boundUdp(0).send('x' as never, null, null), 'data must be a Uint8Array'],
    [
      'a long address',
      () => boundUdp(0).bind(new Uint8Array(129)),
      'address must hold 2 to 128 bytes, not 129',
    ],
    [
      'too many at once',
      () => boundUdp(0).sendMany(Array(65).fill(new Uint8Array(1)), null, null),
      'list must hold 1 to 64',
    ],
    ['none at once', () => boundUdp(0).receiveMany([]), 'list must hold 1 to 64'],
    ['no list', () => boundUdp(0).receiveMany({} as never), 'list must be an array of Uint8Arrays'],
    [
      'other numbers than bytes',
      () => boundUdp(0).receive(new Uint16Array(4) as never, null, null),
      'data must be a Uint8Array',
    ],
    ['a word to pause', () => boundUdp(0).pause('x' as never), 'isPaused must be a boolean'],
    ['a word to call', () => boundUdp(0).watch('x' as never), 'callback must be a function or null'],
    ['a time before all', () => timer().setTimer(-1), 'atMs must be from 0 to 9e15'],
    ['a time for a socket', () => timer().setTimer.call(boundUdp(0), 1), 'this is not a timer'],
    ['a stranger', () => timer().close.call({}), 'this is not a netio descriptor'],
  ])('throw: %s', (_, call, message) => expect(call).toThrow(message))

  it('name the code and the number of the kernel as Node does', () => {
    expect.assertions(1)
    try {
      boundUdp(0).bind(new Uint8Array(16).fill(255))
    } catch (error) {
      expect(error).toMatchObject({ code: 'EAFNOSUPPORT', errno: -97, syscall: 'bind' })
    }
  })
})

describe('the fuzz of its arguments', () => {
  const fuzz = path.join(import.meta.dirname, '../../native/fuzz.mjs')
  it.each([
    ['the addon as it ships', ['--seconds', '2']],
    ['a build with AddressSanitizer', ['--seconds', '15', '--asan']],
  ])('finds nothing in %s', (_, options) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [fuzz, ...options], { encoding: 'utf8' })
    expect({ status, stderr }).toMatchObject({ status: 0 })
    const figures: unknown = JSON.parse(stdout)
    expect(figures).toMatchObject({ returned: expect.any(Number), threw: expect.any(Number) })
  })
})
