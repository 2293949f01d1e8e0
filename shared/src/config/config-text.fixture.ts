import { loadAgentConfig } from './load-agent-config.ts'

/** A usable config; each case changes one line of it. */
const LINES = {
  node: 'node: lb1',
  list: 'virtualRouters:',
  name: '  - name: web',
  interface: '    interface: eth0',
  vrid: '    vrid: 51',
  addresses: '    addresses: [192.0.2.100/24]',
}

export function written(changes: Partial<Record<keyof typeof LINES | 'more', string>> = {}): string {
  const lines = { ...LINES, ...changes }
  return `${Object.values(lines)
    .filter((line) => line !== '')
    .join('\n')}\n`
}

/** Every finding as one line: `LINE:COLUMN SEVERITY CODE MESSAGE | HINT`. */
export function findings(text: string): string[] {
  const loaded = loadAgentConfig(text)
  const all = 'config' in loaded ? loaded.warnings : loaded.diagnostics
  return all.map(
    ({ line, column, severity, code, message, hint }) =>
      `${line}:${column} ${severity} ${code} ${message}${hint === null ? '' : ` | ${hint}`}`,
  )
}
