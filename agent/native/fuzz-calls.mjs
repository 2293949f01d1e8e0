// The inside of fuzz.mjs: run by it, in a network namespace of its own. Arguments: seconds, seed.
import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'

const [seconds, seed] = process.argv.slice(2).map(Number)

/** Mulberry32: small, seeded, good enough to vary arguments. */
function randomness(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const netio = createRequire(import.meta.url)(process.env.NETIO)
const random = randomness(seed)
const below = (n) => Math.floor(random() * n)
const pick = (list) => list[below(list.length)]
const open = []
const counts = { calls: 0, returned: 0, threw: 0 }

const bytes = (max) => {
  const made = new Uint8Array(pick([0, 1, 2, 4, 8, 12, 16, 20, 28, 110, 128, 129, below(max), max]))
  for (let i = 0; i < made.length; i++) made[i] = below(4) === 0 ? below(256) : 0
  if (made.length > 2 && below(2)) made[0] = pick([1, 2, 10, 16, 17])
  // A unix address stays abstract, so that no socket file appears anywhere.
  if (made.length > 2 && made[0] === 1 && made[1] === 0) made[2] = 0
  return made
}
const detached = () => {
  const made = new Uint8Array(64)
  structuredClone(made.buffer, { transfer: [made.buffer] })
  return made
}
const number = () =>
  pick([0, -0, 1, -1, 2, 3, 10, 16, 17, 25, 64, 255, 256, 65535, 65536, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1])
const oddNumber = () =>
  pick([Number.NaN, Infinity, -Infinity, 0.5, 1e300, -1e300, 2 ** 53, -(2 ** 31), 9e15, 1e-9])
const list = () => {
  const made = Array.from({ length: pick([0, 1, 2, 63, 64, 65, 200]) }, () => bytes(300))
  const victim = pick(open)
  const trap = pick([
    null,
    () => victim?.close(),
    () => made[0] && structuredClone(made[0].buffer, { transfer: [made[0].buffer] }),
    () => {
      made.length = 1
    },
    () => {
      throw new Error('from a getter')
    },
  ])
  if (trap && made.length > 0 && below(2)) {
    const last = made.at(-1)
    const get = () => {
      trap()
      return last
    }
    Object.defineProperty(made, made.length - 1, { get, configurable: true })
  }
  return below(8) === 0 ? new Proxy(made, {}) : made
}
const value = () =>
  pick([
    number,
    number,
    oddNumber,
    () => bytes(5000),
    () => bytes(300),
    () => new Uint8Array(2 ** 20 + 1),
    detached,
    list,
    () => null,
    () => undefined,
    () => pick(['', 'lo', 'x'.repeat(15), 'x'.repeat(16), 'a\0b', '\ud800', 'eth0'.repeat(1000)]),
    () => pick([{}, [], new Map(), Symbol('s'), 10n, true, /x/, new Date(0)]),
    () =>
      pick([new Uint16Array(8), new Float64Array(4), new DataView(new ArrayBuffer(8)), new ArrayBuffer(8)]),
    () => new Uint8Array(new SharedArrayBuffer(64)),
    () => () => {},
    () => pick(open) ?? {},
    () => new Proxy({}, { get: () => 1 }),
  ])()
const anyArguments = () => Array.from({ length: below(6) }, value)

/** Calls whose sense would reach beyond this process are kept senseless. */
const argumentsFor = {
  socket() {
    const domain = pick([1, 2, 10, 16, 17, 17, number(), value()])
    // Only rtnetlink stays within the namespace; other netlink families are the machine's.
    const protocol = domain === 16 ? pick([0, -1, 'x']) : pick([0, 112, 255, 8, number(), value()])
    return [domain, pick([2, 3, number()]), protocol]
  },
  timer: () => (below(10) === 0 ? anyArguments() : []),
  setScheduler: () => [0, pick([0, 7, -1, 2 ** 40, 'x', value()]), pick([0, 100, -1, value()])].map(tame),
}
const tame = (argument, i) => (i === 1 && [1, 2, 3, 5].includes(argument) ? 7 : argument)
const methods = {
  bind: () => [bytes(128)],
  setOption: () => [pick([0, 1, 41, 263, 270, number()]), below(80), below(2) ? number() : bytes(300)],
  getOption: () => [pick([0, 1, 41, 263, 270, number()]), below(80), bytes(300)],
  send: () => [bytes(1500), below(3) ? bytes(128) : null, below(2) ? null : bytes(200)],
  sendMany: () => [list(), below(3) ? bytes(128) : null, below(2) ? null : bytes(200)],
  receive: () => [bytes(1500), below(2) ? bytes(128) : null, below(2) ? bytes(300) : null],
  receiveMany: () => [list()],
  receiveBatch: () => [bytes(5000), pick([1, 2, 64, number()]), bytes(300)],
  setTimer: () => [pick([null, 0, 1, process.uptime() * 1000, oddNumber(), value()])],
  watch: () => [
    pick([
      null,
      () => {},
      () => pick(open)?.close(),
      function () {
        this?.close()
      },
      value(),
    ]),
  ],
  close: () => [],
}

const attempt = (run) => {
  counts.calls++
  try {
    const result = run()
    counts.returned++
    if (result !== null && typeof result === 'object' && typeof result.close === 'function') open.push(result)
  } catch (error) {
    counts.threw++
    if (!(error instanceof Error)) throw error
  }
}
const forget = (descriptor) => attempt(() => descriptor.watch(null))
const turn = () => {
  if (below(3) === 0 || open.length === 0) {
    const name = pick(Object.keys(netio))
    const made = argumentsFor[name]
    // Namespaces are entered only by descriptors that are none: the fuzz must stay in its own.
    const given = made
      ? made()
      : name === 'setNetworkNamespace'
        ? [pick([-1, 'x', 2 ** 31 - 1])]
        : anyArguments()
    attempt(() => netio[name](...given))
  } else {
    const target = pick(open)
    const name = pick(Object.keys(methods))
    const given = below(2) ? methods[name]() : anyArguments()
    const receiver = below(20) === 0 ? value() : target
    attempt(() => target[name].apply(receiver, given))
    if (below(50) === 0) attempt(() => target.fd)
  }
  // Forgotten without close(): the collector has to do it, once nothing watches.
  while (open.length > 40) forget(open.splice(below(open.length), 1)[0])
  if (below(5000) === 0) globalThis.gc()
}
const descriptors = () => readdirSync('/proc/self/fd').length
const atStart = descriptors()
const started = Date.now()
const round = () => {
  for (let i = 0; i < 500; i++) turn()
  if (Date.now() - started < seconds * 1000) return setImmediate(round)
  for (const each of open.splice(0)) below(2) ? each.close() : forget(each)
  // Finalizers run in turns of their own after a collection.
  globalThis.gc()
  setTimeout(() => {
    globalThis.gc()
    setTimeout(() => {
      const leaked = descriptors() - atStart
      console.log(JSON.stringify({ seed, ...counts, leaked }))
      // The collector may hold on to a few that the last frames still mention.
      process.exit(leaked > 5 ? 1 : 0)
    }, 50)
  }, 50)
}
round()
