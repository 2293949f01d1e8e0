import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { CommandResult } from '@aloft/shared/protocol/commands'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { CommandLedger, type Deed } from './command-ledger.ts'

let folder = ''
let done: string[] = []
const said: string[] = []
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-ledger-'))
  done = []
  said.length = 0
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const file = () => path.join(folder, 'commands.json')
const open = () => new CommandLedger(file(), (text) => said.push(text))
const command = (id = 'c1', name = 'rotate-key') => ({
  kind: 'command' as const,
  id,
  command: name,
  expiresAtWallMs: 1,
})
const deed = (act: () => Promise<string> = async () => 'fine', repeatable = false): Deed => ({
  repeatable,
  act: () => {
    done.push('done')
    return act()
  },
})
/** The process dies while it does it: nothing after this comes to the ledger. */
const never = () => new Promise<string>(() => {})
const result = (outcome: string, detail: string, id = 'c1') => ({
  kind: 'command-result',
  id,
  outcome,
  detail,
})

it('does a command once, and gives the same answer ever after, also to the next process', async () => {
  const ledger = open()
  const first = await ledger.obey(command(), deed())
  expect(first).toEqual(result('done', 'fine'))
  expect(
    await ledger.obey(
      command(),
      deed(async () => 'again'),
    ),
  ).toEqual(first)
  expect(
    await open().obey(
      command(),
      deed(async () => 'again'),
    ),
  ).toEqual(first)
  expect(done).toHaveLength(1)
})

it('does it once when it comes again while it is being done', async () => {
  const ledger = open()
  let finish = (_: string) => {}
  const slow = deed(
    () =>
      new Promise((resolve) => {
        finish = resolve
      }),
  )
  const both = [ledger.obey(command(), slow), ledger.obey(command(), slow)]
  await new Promise((resolve) => setImmediate(resolve))
  finish('fine')
  expect(await Promise.all(both)).toEqual([result('done', 'fine'), result('done', 'fine')])
  expect(done).toHaveLength(1)
})

it('keeps a failure as the result it is', async () => {
  const failing = deed(async () => {
    throw new Error('no key')
  })
  expect(await open().obey(command(), failing)).toEqual(result('failed', 'no key'))
  expect(await open().obey(command(), deed())).toEqual(result('failed', 'no key'))
})

it('cuts what people are told to what a result may hold, so that it can be sent', async () => {
  const wordy = 'x'.repeat(5_000)
  const failing = deed(async () => {
    throw new Error(wordy)
  })
  const ledger = open()
  const results = [
    await ledger.obey(command('c1'), failing),
    await ledger.obey(
      command('c2'),
      deed(async () => wordy),
    ),
  ]
  for (const one of results) expect(CommandResult.parse(one).detail).toHaveLength(1_000)
})

it('killed in between does not do it again, and says that it is not known', async () => {
  void open().obey(command(), deed(never))
  const answer = await open().obey(command(), deed())
  expect(answer).toMatchObject({ outcome: 'failed', detail: expect.stringContaining('not known') })
  expect(done).toHaveLength(1)
})

it('killed in between does again what may be repeated', async () => {
  void open().obey(command('c1', 'report'), deed(never, true))
  expect(await open().obey(command('c1', 'report'), deed(undefined, true))).toEqual(result('done', 'fine'))
  expect(done).toHaveLength(2)
})

it('says of a command it does not know that it does not', async () => {
  expect(await open().obey(command('c1', 'dance'), null)).toMatchObject({ outcome: 'unsupported' })
})

it('does what may be repeated even when nothing can be written down, and nothing else', async () => {
  const ledger = open()
  rmSync(folder, { recursive: true })
  expect(await ledger.obey(command('c1', 'report'), deed(undefined, true))).toEqual(result('done', 'fine'))
  expect(await ledger.obey(command('c2'), deed())).toMatchObject({ outcome: 'failed' })
  expect(done).toHaveLength(1)
  mkdirSync(folder)
})

it('begins anew over a file that is no ledger, and says so', async () => {
  writeFileSync(file(), '{')
  expect(await open().obey(command(), deed())).toEqual(result('done', 'fine'))
  expect(said.join()).toContain('begun anew')
})

it('remembers the newest 256', async () => {
  const ledger = open()
  for (let i = 0; i < 300; i++) await ledger.obey(command(`c${i}`, 'dance'), deed(undefined, true))
  const { commands } = JSON.parse(readFileSync(file(), 'utf8'))
  expect([commands.length, commands[0].id, commands.at(-1).id]).toEqual([256, 'c44', 'c299'])
})
