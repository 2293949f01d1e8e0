/** A process that appends to a spool until it is killed, and prints each number once the spool promised to keep it. */
import { writeSync } from 'node:fs'
import { type NewEvent, openSpool } from './spool.ts'

const [directory = '', first = '1'] = process.argv.slice(2)
const spool = await openSpool({
  directory,
  wallMs: Date.now,
  observed: () => ({ wallMs: Date.now(), monoMs: 0, bootId: 'boot' }),
  log: (text) => process.stderr.write(`${text}\n`),
  limits: { segmentBytes: 4_000 },
})

function event(n: number): NewEvent {
  return {
    at: { wallMs: n, monoMs: n, bootId: 'boot' },
    body: { kind: 'link', interface: `eth${n}`, up: true },
    from: { run: 'writer', n },
  }
}

// Four at a time, so that some share a write and some wait for the one before.
for (let n = Number(first); ; n += 4) {
  await Promise.all(
    [n, n + 1, n + 2, n + 3].map(async (one) => {
      await spool.append([event(one)])
      writeSync(1, `${one}\n`)
    }),
  )
}
