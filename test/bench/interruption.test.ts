/** An interrupted bench takes everything with it that it had started. */
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { until } from '../lab/wait.ts'
import { namespacesOf, startedFrom } from './interruption.ts'

let temporary = ''
let bench: ChildProcess | null = null
beforeEach(() => {
  temporary = mkdtempSync(path.join(os.tmpdir(), 'aloft-interrupted-'))
  // PostgreSQL, which is not root, must get through.
  chmodSync(temporary, 0o711)
})
afterEach(() => {
  bench?.kill('SIGKILL')
  for (const pid of startedFrom(folderOf())) process.kill(pid, 'SIGKILL')
  rmSync(temporary, { recursive: true, force: true })
})

/** The bench's own process, without npm and tsx's own between. */
function startBench(name: string) {
  const args = ['--import', import.meta.resolve('tsx'), path.join(import.meta.dirname, 'main.ts')]
  const child = spawn(process.execPath, [...args, name, '--quick'], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  bench = child
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))
  return { child, pid: child.pid ?? 0, ended }
}

const folderOf = () =>
  path.join(temporary, readdirSync(temporary).find((each) => each.startsWith('aloft-bench-')) ?? '-')
const commandOf = (pid: number) => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

it.each([
  ['stall', 'SIGINT', 130, [/^keepalived /, /aloft\.js agent /, /router\.js/, /while :/]],
  ['latency', 'SIGTERM', 143, [/bin\/postgres -D/, /control-plane\.js/]],
] as const)('of %s, by %s, nothing is left', async (name, signal, code, expected) => {
  const { child, pid, ended } = startBench(name)
  await until(
    () => {
      const commands = startedFrom(folderOf()).map(commandOf)
      return expected.every((each) => commands.some((command) => each.test(command)))
    },
    { what: `${name} to have started everything`, withinMs: 60_000, everyMs: 100 },
  )
  const folder = folderOf()
  expect(namespacesOf(pid)).toHaveLength(name === 'stall' ? 3 : 0)
  child.kill(signal)
  expect(await ended).toBe(code)
  expect(startedFrom(folder).map(commandOf)).toEqual([])
  expect(namespacesOf(pid)).toEqual([])
  expect(existsSync(folder)).toBe(false)
})
