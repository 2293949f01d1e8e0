import type { Command } from 'commander'

export function mountSchema(program: Command): void {
  program
    .command('schema')
    .description('print the JSON Schema of the config, for editors and scripts')
    .option('--json', 'the same: the schema is JSON')
    .action(async () => {
      const { configSchema } = await import('@aloft/shared/config/json-schema')
      process.stdout.write(`${JSON.stringify(configSchema(), null, 2)}\n`)
    })
}
