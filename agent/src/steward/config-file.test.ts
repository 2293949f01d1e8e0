import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readConfigFile } from './config-file.ts'

let file = ''
beforeEach(() => {
  file = path.join(mkdtempSync(path.join(tmpdir(), 'aloft-config-')), 'aloft.yaml')
})
afterEach(() => rmSync(path.dirname(file), { recursive: true }))

const good =
  'node: one\nvirtualRouters:\n  - { name: web, interface: eth0, vrid: 51, addresses: [192.0.2.9/24] }\n'

test('a good file has a revision that depends on its meaning alone', () => {
  const first = read(good)
  const spelled = read(`# the same\n${good.replace('vrid: 51,', 'vrid: 51, priority: 100,')}`)
  const other = read(good.replace('51', '52'))
  expect(first).toMatchObject({
    usable: true,
    running: { revision: expect.stringMatching(/^[0-9a-f]{16}$/) },
  })
  expect(spelled).toMatchObject({ running: first.usable ? first.running : null })
  expect(other.usable && first.usable && other.running.revision !== first.running.revision).toBe(true)
})

test('a bad one is refused with every error and its place', () => {
  const refused = read(good.replace('51', '256').replace('node: one', 'nod: one'))
  expect(refused.usable).toBe(false)
  if (refused.usable) return
  expect(refused.errors.join('\n')).toMatch(/aloft\.yaml:3:\d+: error: .*vrid/)
  expect(refused.errors.length).toBeGreaterThan(1)
  expect(refused.summary).toMatch(/^.*aloft\.yaml:\d+:\d+: .* \(and \d more\)$/)
})

test('one that is not there is refused like one that is wrong', () => {
  expect(readConfigFile(file)).toMatchObject({
    usable: false,
    summary: `${file}:1:1: cannot read ${file}: there is no such file`,
    errors: [`${file}:1:1: error: cannot read ${file}: there is no such file [unreadable-file]`],
  })
})

function read(text: string) {
  writeFileSync(file, text)
  return readConfigFile(file)
}
