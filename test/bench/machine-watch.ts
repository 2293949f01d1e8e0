import { type ChildProcess, spawn } from 'node:child_process'

/** What the machine itself did to a program in C that outranks all others, on each core. */
export interface MachineWatch {
  /** The longest it was kept waiting until now, in milliseconds. */
  stop(): Promise<number>
}

/**
 * cyclictest (Debian's rt-tests) at FIFO 95, woken every millisecond on every core. A core that a hypervisor has taken
 * away serves nobody: what this saw, no program on this machine could have done better.
 */
export async function watchMachine(): Promise<MachineWatch> {
  const child = spawn('cyclictest', ['-a', '-t', '-p', '95', '-i', '1000', '-q'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', (chunk) => {
    said += chunk
  })
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', () =>
      reject(new Error('cyclictest is not here. Install it: sudo apt-get install rt-tests')),
    )
  })
  let ended: Promise<void> | null = null
  return {
    stop: async () => {
      ended ??= interrupted(child)
      await ended
      const maxima = Array.from(said.matchAll(/Max:\s*(\d+)/g), ([, us]) => Number(us))
      if (maxima.length === 0) throw new Error(`cyclictest did not say what it saw: ${said}`)
      return Math.max(...maxima) / 1_000
    },
  }
}

/** It prints its table on SIGINT. */
function interrupted(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('close', () => resolve())
    child.kill('SIGINT')
  })
}
