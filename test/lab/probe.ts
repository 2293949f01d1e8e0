/** Runs probe.c (see there): a client that asks a virtual IP for an answer every millisecond. */
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

export interface ProbeResult {
  readonly sent: number
  readonly answered: number
  readonly lost: number
  readonly advertisements: number
  readonly longestGapMs: number
  readonly gapStartMs: number
  readonly gapEndMs: number
  /** When the action was done, in milliseconds since the start; -1 when no advertisement came to act after. */
  readonly actedAtMs: number
  readonly silentAtEndMs: number
}

/** What to do a fixed time after an advertisement has passed. */
export type ProbeAction =
  | { readonly do: 'down'; readonly port: string; readonly phaseUs: number; readonly afterMs: number }
  | { readonly do: 'stop' | 'kill'; readonly pid: number; readonly phaseUs: number; readonly afterMs: number }

export interface Prober {
  probe(options: {
    namespace: string
    address: string
    seconds: number
    action?: ProbeAction
  }): Promise<ProbeResult>
  close(): void
}

/** Compiles the prober once; the returned object runs it. */
export function createProber(): Prober {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-probe-'))
  const program = path.join(folder, 'probe')
  execFileSync('cc', ['-O2', '-o', program, path.join(import.meta.dirname, 'probe.c')])
  return {
    probe: ({ namespace, address, seconds, action }) =>
      runProbe([
        'netns',
        'exec',
        namespace,
        program,
        'br0',
        address,
        String(seconds),
        ...actionArguments(action),
      ]),
    close: () => rmSync(folder, { recursive: true, force: true }),
  }
}

function actionArguments(action: ProbeAction | undefined): string[] {
  if (action === undefined) return []
  const target = action.do === 'down' ? action.port : String(action.pid)
  return [String(action.afterMs), action.do, target, String(action.phaseUs)]
}

function runProbe(args: readonly string[]): Promise<ProbeResult> {
  return new Promise((resolve, reject) => {
    const child = spawn('ip', args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let printed = ''
    child.stdout.on('data', (chunk) => {
      printed += String(chunk)
    })
    child.once('error', reject)
    child.once('exit', (code) => {
      if (code === 0) resolve(JSON.parse(printed))
      else reject(new Error(`the prober ended with ${code}: ip ${args.join(' ')}`))
    })
  })
}
