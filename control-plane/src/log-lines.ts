import pino, { type Logger } from 'pino'

/** JSON lines on stderr for machines; on a terminal one short line for people. */
export function openLog(stderr: NodeJS.WriteStream): Logger {
  if (!stderr.isTTY) return pino({ base: null }, pino.destination({ dest: 2, sync: true }))
  return pino({ base: null }, { write: (line: string) => stderr.write(humanLine(line)) })
}

const LEVELS: Readonly<Record<number, string>> = { 30: 'info ', 40: 'warn ', 50: 'error', 60: 'fatal' }

/** `21:04:05 warn  message  key=value …` of one pino line. */
export function humanLine(line: string): string {
  const { level, time, msg, err, ...facts } = JSON.parse(line)
  const clock = new Date(time).toISOString().slice(11, 19)
  const pairs = Object.entries(facts).map(([key, value]) => `  ${key}=${text(value)}`)
  const trouble = err?.stack ? `\n${err.stack}` : ''
  return `${clock} ${LEVELS[level] ?? level} ${msg ?? ''}${pairs.join('')}${trouble}\n`
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
