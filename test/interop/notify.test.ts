/** The same story told by keepalived and by us: the same lines in the pipe, the same arguments to the script. */
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLan, type Lan } from '../../agent/src/linux/namespace.ts'
import { encodeAdvertisement } from '../../agent/src/vrrp/advertisement.ts'
import { authenticationOf } from '../../agent/src/vrrp/authentication.ts'
import { knownAddress } from '../../shared/src/network/address.ts'
import { startAgent } from '../lab/agent.ts'
import { readCapture } from '../lab/capture.ts'
import { type KeepalivedRouter, startKeepalived } from '../lab/keepalived.ts'
import { openRawSender } from '../lab/raw-sender.ts'
import { pause, until } from '../lab/wait.ts'

const VIP = '10.79.0.100'
const RIVAL = '10.79.0.3'
const INTERVAL_MS = 200

let lan: Lan
let folder = ''
let made = 0
const ending: (() => Promise<void>)[] = []

beforeEach(async () => {
  made += 1
  folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-story-'))
  // keepalived and we run scripts as nobody, who writes here.
  chmodSync(folder, 0o777)
  const hosts = [
    { name: 'subject', addresses: ['10.79.0.1/24'] },
    { name: 'rival', addresses: [`${RIVAL}/24`] },
  ]
  lan = await createLan(`notify${process.pid}-${made}`, hosts)
})
afterEach(async () => {
  for (const end of ending.splice(0)) await end()
  await lan.remove()
  rmSync(folder, { recursive: true })
})

const at = (name: string) => path.join(folder, name)
const linesOf = (name: string) =>
  existsSync(at(name)) ? readFileSync(at(name), 'utf8').split('\n').filter(Boolean) : []

interface Teller {
  stop(): Promise<void>
}

const TELLERS: Readonly<Record<'keepalived' | 'aloft', () => Teller>> = {
  keepalived() {
    const router: KeepalivedRouter = {
      name: 'web',
      vrid: 51,
      version: 3,
      priority: 100,
      intervalMs: INTERVAL_MS,
      addresses: [`${VIP}/24`],
      more: [`notify "${at('script')} x"`],
    }
    const globals = [`vrrp_notify_fifo ${at('pipe')}`]
    return startKeepalived({ namespace: lan.namespaceOf('subject'), routers: [router], globals })
  },
  aloft() {
    const config = `node: lb1
notifications: { user: nobody, vrrpFifo: { path: ${at('pipe')} } }
virtualRouters:
  - name: web
    interface: eth0
    vrid: 51
    advertisementInterval: ${INTERVAL_MS}ms
    addresses: [${VIP}/24]
    notify: { any: [${at('script')}, x] }
`
    return startAgent({ namespace: lan.namespaceOf('subject'), config })
  },
}

function start(teller: keyof typeof TELLERS): Teller {
  writeFileSync(at('script'), `#!/bin/sh\necho "$*" >> ${at('told')}\n`)
  chmodSync(at('script'), 0o755)
  const started = TELLERS[teller]()
  let isGone = false
  const stop = async () => {
    if (isGone) return
    isGone = true
    await started.stop()
  }
  ending.push(stop)
  return { stop }
}

/** Reads the pipe from when it is there. */
async function listen(): Promise<void> {
  await until(() => existsSync(at('pipe')) && statSync(at('pipe')).isFIFO(), {
    what: 'the pipe',
    withinMs: 10_000,
  })
  const reader = spawn('/bin/sh', ['-c', `exec cat ${at('pipe')} >> ${at('heard')}`], { stdio: 'ignore' })
  ending.push(async () => void reader.kill('SIGKILL'))
}

const heard = (count: number) =>
  until(() => linesOf('heard').length >= count && linesOf('told').length >= count - isRival(), {
    what: `${count} lines; there are ${linesOf('heard').join(', ')}; told ${linesOf('told').join(', ')}`,
    withinMs: 15_000,
  })
/** A lower priority heard is for pipes and a script of its own. */
const isRival = () => linesOf('heard').filter((line) => line.includes('RX_LOWER')).length

function lowerAdvertisement(): void {
  const sender = openRawSender(lan.namespaceOf('rival'))
  const source = knownAddress(RIVAL)
  const destination = knownAddress('224.0.0.18')
  const addresses = [knownAddress(VIP)]
  sender.send(
    encodeAdvertisement(
      { version: 3, vrid: 51, priority: 50, intervalMs: INTERVAL_MS, addresses },
      { source, destination, authentication: authenticationOf({ type: 'none' }), checksum: 'pseudo-header' },
    ),
  )
  sender.close()
}

/** Alone on a LAN: up, a rival's word, the cable out and in again, and a stop. */
async function tellStory(teller: keyof typeof TELLERS): Promise<{ pipe: string[]; script: string[] }> {
  const subject = start(teller)
  await listen()
  await heard(2)
  // Past the first interval as active, in which a word of the predecessor would be no news.
  await pause(2 * INTERVAL_MS)
  lowerAdvertisement()
  await heard(3)
  await lan.setCable('subject', false)
  await heard(4)
  await lan.setCable('subject', true)
  await heard(6)
  await subject.stop()
  await heard(7)
  return { pipe: linesOf('heard'), script: linesOf('told') }
}

describe('keepalived-and-vrrp.md §1.11', () => {
  const PIPE = [
    'INSTANCE "web" BACKUP 100',
    'INSTANCE "web" MASTER 100',
    'INSTANCE "web" MASTER_RX_LOWER_PRI 100',
    'INSTANCE "web" FAULT 100',
    'INSTANCE "web" BACKUP 100',
    'INSTANCE "web" MASTER 100',
    'INSTANCE "web" STOP 100',
  ]
  const SCRIPT = PIPE.filter((line) => !line.includes('RX_LOWER')).map(
    (line) => `x ${line.replaceAll('"', '')}`,
  )

  it.each(['keepalived', 'aloft'] as const)('%s tells the story in these words', async (teller) => {
    const { pipe, script } = await tellStory(teller)
    expect(pipe).toEqual(PIPE)
    // keepalived waits for no script, so that theirs may overtake each other.
    if (teller === 'aloft') expect(script).toEqual(SCRIPT)
    else expect(script.toSorted()).toEqual(SCRIPT.toSorted())
  })
})

describe('keepalived-and-vrrp.md §2.9: announcements on the wire', () => {
  /** When each gratuitous ARP for the address passed the switch, in milliseconds after the first. */
  async function announcements(teller: keyof typeof TELLERS): Promise<number[]> {
    const file = at('arp.pcap')
    const filter = `arp and arp[14:4] == arp[24:4] and arp[24:4] == 0x0a4f0064`
    const capture: ChildProcess = spawn(
      'ip',
      [
        'netns',
        'exec',
        lan.switchNamespace,
        'tcpdump',
        '-i',
        'br0',
        '-U',
        '-w',
        file,
        '--immediate-mode',
        filter,
      ],
      { stdio: 'ignore' },
    )
    ending.push(async () => void capture.kill('SIGKILL'))
    await until(() => existsSync(file) && statSync(file).size >= 24, { what: 'tcpdump', withinMs: 10_000 })
    start(teller)
    const seen = () => readCapture(readFileSync(file))
    await until(() => seen().length >= 10, {
      what: `ten announcements, not ${seen().length}`,
      withinMs: 20_000,
    })
    await pause(300)
    const times = seen().map(({ atMs }) => atMs)
    return times.map((time) => time - (times[0] ?? 0))
  }

  it('keepalived sends five at once and five after five seconds', async () => {
    const times = await announcements('keepalived')
    expect(times).toHaveLength(10)
    expect(times[4]).toBeLessThan(100)
    expect(times[5]).toBeGreaterThan(4_800)
  })

  it('we send as many, the last of the first five after 100 ms', async () => {
    const times = await announcements('aloft')
    expect(times).toHaveLength(10)
    expect(times[3]).toBeLessThan(60)
    // The first one goes out a little after the moment of the decision, from which the others count.
    expect(times[4]).toBeGreaterThan(80)
    expect(times[4]).toBeLessThan(1_000)
    expect(times[5]).toBeGreaterThan(4_900)
    expect(times[9]).toBeLessThan(5_500)
  })
})
