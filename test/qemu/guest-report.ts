/** How a program in the guest tells what it observes: lines of JSON on the console, between those of the kernel. */

export const MARK = '@@aloft '

export type Said =
  | { readonly kind: 'observed'; readonly name: string; readonly value: unknown }
  | { readonly kind: 'failed'; readonly why: string }
  | { readonly kind: 'end' }

export type Observe = (name: string, value: unknown) => void

/** Runs the program and ends this process, whatever it has left running: the machine goes off afterwards. */
export async function reporting(program: (observe: Observe) => Promise<void>): Promise<void> {
  try {
    await program((name, value) => say({ kind: 'observed', name, value }))
    say({ kind: 'end' })
  } catch (error) {
    say({ kind: 'failed', why: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
  process.exit()
}

function say(said: Said): void {
  process.stdout.write(`\n${MARK}${JSON.stringify(said)}\n`)
}
