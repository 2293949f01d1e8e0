import { execFileSync } from 'node:child_process'
import type { Outcome } from './run.ts'

/** Everything needed to see a failure again, in one line. */
export function failureLine({ seed, broken }: Outcome): string {
  const at = ((broken?.atMs ?? 0) / 1000).toFixed(3)
  return `seed ${seed} at commit ${commit()}, virtual time ${at} s: ${broken?.invariant}; replay: npm run simulate -- --seed ${seed}`
}

function commit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], {
      encoding: 'utf8',
      stdio: 'pipe',
    }).trim()
  } catch {
    return 'unknown'
  }
}
