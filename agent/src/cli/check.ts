import type { Command } from 'commander'
import { Answered } from './outcome.ts'

export function mountCheck(program: Command): void {
  program
    .command('check')
    .description('say whether a config can be used, and what to change where it cannot')
    .argument('<file>', 'an Aloft config, YAML or JSON; - reads standard input')
    .option('--json', 'print {file, usable, revision, config, diagnostics}')
    .action(async (file: string, { json = false }: { json?: boolean }) => checkConfig(file, json))
}

/** Prints the verdict on stdout. Throws `Answered` when the config cannot be used. */
async function checkConfig(file: string, json: boolean): Promise<void> {
  const { describeCheck } = await import('./check-report.ts')
  const report = describeCheck(file)
  process.stdout.write(`${json ? JSON.stringify(report.json, null, 2) : report.text}\n`)
  if (!report.json.usable) throw new Answered('the config cannot be used')
}
