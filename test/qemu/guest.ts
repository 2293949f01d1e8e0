/**
 * Runs a program of ours in a machine of its own, under QEMU without hardware virtualisation, and gives back what it
 * observed: for features of the kernel that the host's does not have (design §6).
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type GuestContents, makeGuestImage } from './guest-image.ts'
import { guestKernel } from './guest-kernel.ts'
import { MARK, type Said } from './guest-report.ts'

const MEMORY_MB = 1024

export interface GuestOptions extends GuestContents {
  /** Killed after that. */
  readonly withinMs: number
}

/** What the program reported, by name. Throws with what the console says when it failed or did not come to its end. */
export async function runGuest(options: GuestOptions): Promise<ReadonlyMap<string, unknown>> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-qemu-'))
  try {
    const kernel = guestKernel()
    const image = await makeGuestImage(folder, kernel, options)
    const console = await boot([kernel.image, image], options.withinMs)
    const said = saidIn(console)
    if (!said.some((each) => each.kind === 'end')) {
      const why = said.flatMap((each) => (each.kind === 'failed' ? [each.why] : []))
      throw new Error(`the guest did not come to its end: ${why.join()}\n${console}`)
    }
    return new Map(said.flatMap((each) => (each.kind === 'observed' ? [[each.name, each.value]] : [])))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Resolves to what came over the serial console, once the machine is off or its time is over. */
function boot([image, initramfs]: readonly [string, string], withinMs: number): Promise<string> {
  // Its clock counts instructions, and leaps to the next timer when nothing runs: a busy host makes the run longer, but
  // no deadline in it is missed. One core, which is where real-time threads get into each other's way.
  const clock = ['-accel', 'tcg', '-icount', 'shift=0,sleep=off', '-rtc', 'clock=vm', '-smp', '1']
  const machine = [...clock, '-m', String(MEMORY_MB), '-nodefaults', '-no-user-config', '-no-reboot']
  const seen = ['-display', 'none', '-serial', 'stdio', '-monitor', 'none']
  const append = 'console=ttyS0 panic=-1 quiet loglevel=3'
  const args = [...machine, ...seen, '-kernel', image, '-initrd', initramfs, '-append', append]
  // It ends with this process, or in time. Nice: others measure time on this machine.
  const bounded = ['--pdeathsig', 'TERM', 'timeout', '--signal=KILL', String(withinMs / 1000)]
  const command = [...bounded, 'nice', '-n', '19', 'qemu-system-x86_64', ...args]
  const child = spawn('setpriv', command, { stdio: ['ignore', 'pipe', 'pipe'] })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk) => {
      printed += chunk
    })
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', () => resolve(printed))
  })
}

function saidIn(console: string): Said[] {
  return console.split(/\r?\n/).flatMap((line) => {
    const at = line.indexOf(MARK)
    return at < 0 ? [] : [JSON.parse(line.slice(at + MARK.length)) as Said]
  })
}
