/** `aloft replay FILE`: runs the router loop again on what a router process recorded, and prints what it did. */
import { readFileSync } from 'node:fs'
import { formatPrefix } from '@aloft/shared/network/prefix'
import { parseRecording } from '../router/flight-recorder.ts'
import { type Output, replay } from '../router/loop/replay.ts'
import type { Holding } from '../world/holdings.ts'

export interface ReplayOptions {
  /** One JSON object a line, `{at, output}`, instead of text. */
  readonly json?: boolean
}

/**
 * Prints the outputs of the recorded process in order; times are seconds since its first input. Resolves to 0, or,
 * having said why on stderr, to 1 when the file cannot be read or is not a recording.
 */
export async function replayRecording(file: string, { json = false }: ReplayOptions = {}): Promise<number> {
  try {
    const { header, inputs } = parseRecording(readFileSync(file, 'utf8'))
    if (!header.complete) {
      process.stderr.write(
        'the beginning of this recording was overwritten: states may differ from what they were\n',
      )
    }
    const startMs = inputs[0]?.at ?? 0
    const lines = replay(inputs).map((output) =>
      json ? JSON.stringify(output) : describeOutput(output, startMs),
    )
    process.stdout.write(lines.map((line) => `${line}\n`).join(''))
    return 0
  } catch (error) {
    process.stderr.write(
      `aloft replay: cannot replay ${file}: ${error instanceof Error ? error.message : String(error)}\n`,
    )
    return 1
  }
}

/** `3.609375 eth0 send 192.0.2.1 3133…`: seconds, interface, deed. */
export function describeOutput({ at, output }: Output, startMs: number): string {
  return `${((at - startMs) / 1000).toFixed(6)} ${describeDeed(output)}`
}

function describeDeed(output: Output['output']): string {
  switch (output.do) {
    case 'open':
    case 'close':
      return `${output.interfaceName} ${output.do} ${output.family}`
    case 'send':
      return `${output.interfaceName} send ${output.source} → ${output.destination} ${output.payload}`
    case 'journal':
      return `journal ${JSON.stringify(output.body)}`
    case 'announce':
      return `${output.interfaceName} announce ${output.addresses.map(formatPrefix).join(' ')}`
    case 'bfd':
      return `bfd ${output.path.local ?? ''} → ${output.path.remote} ${output.payload}`
    case 'renew':
      return `renew ${output.holders.join(', ')}`
    default:
      return `${output.holding.holder} ${output.do} ${heldBy(output.holding)}`
  }
}

function heldBy({ addresses, routes, rules }: Holding): string {
  const words = [
    ...addresses.map((each) => `${formatPrefix(each)} dev ${each.device}`),
    ...routes.map(({ to }) => `route ${formatPrefix(to)}`),
    ...rules.map(({ priority }) => `rule ${priority}`),
  ]
  return words.join(', ')
}
