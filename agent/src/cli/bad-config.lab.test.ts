import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { aloft, type RunOptions } from './cli.fixture.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'aloft-bad-config-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const USABLE = `node: lb1
virtualRouters:
  - name: web
    interface: eth0
    vrid: 51
    addresses: [192.0.2.100/24]
`
const AGAIN = '  - { name: mail, interface: eth0, vrid: 51, addresses: [192.0.2.101/24] }\n'
const with_ = (line: string) => `${USABLE}    ${line}\n`

/** What is written, and what both commands say of it after `FILE:`. */
const cases: readonly (readonly [what: string, text: string, said: string])[] = [
  [
    'an unknown key',
    with_('prioritty: 5'),
    '7:5: error: virtualRouters[0]: unknown key prioritty [unknown-key]',
  ],
  [
    'a wrong unit',
    with_('advertisementInterval: 100msec'),
    '7:28: error: virtualRouters[0]: advertisementInterval is "100msec"; the units are ms, s, m, h and d, written right after the number [wrong-unit]',
  ],
  [
    'no unit',
    with_('advertisementInterval: 100'),
    '7:28: error: virtualRouters[0]: advertisementInterval is 100 without a unit [wrong-unit]',
  ],
  [
    'VRID 0',
    USABLE.replace('51', '0'),
    '5:11: error: virtualRouters[0]: vrid must be a whole number from 1 to 255, not 0 [out-of-range]',
  ],
  [
    'VRID 256',
    USABLE.replace('51', '256'),
    '5:11: error: virtualRouters[0]: vrid must be a whole number from 1 to 255, not 256 [out-of-range]',
  ],
  [
    'a VRID twice on an interface',
    USABLE + AGAIN,
    '7:42: error: virtualRouters[1]: vrid 51 on eth0 is already used by virtual router web [duplicate-vrid]',
  ],
  [
    'no address',
    USABLE.replace('[192.0.2.100/24]', '[]'),
    '6:16: error: virtualRouters[0]: addresses is empty; a virtual router needs at least one address [no-address]',
  ],
  [
    'no list of addresses',
    USABLE.replace(/ {4}addresses.*\n/, ''),
    '3:5: error: virtualRouters[0]: addresses is missing [missing-key]',
  ],
  [
    'no interface',
    USABLE.replace(/ {4}interface.*\n/, ''),
    '3:5: error: virtualRouters[0]: interface is missing [missing-key]',
  ],
  [
    'what is not YAML',
    'node: lb1\nvirtualRouters:\n\t- name: web\n',
    '3:1: error: not YAML: a tab indents this line [not-yaml]',
  ],
]

it.each(cases)(
  '%s: `aloft check` and `aloft agent` say the same, and nothing is started',
  async (_, text, said) => {
    const file = path.join(folder, 'aloft.yaml')
    writeFileSync(file, text)
    await expectRefused(file, `${file}:${said}`)
  },
)

it.each([
  ['that is not there', () => path.join(folder, 'none.yaml'), 'there is no such file'],
  ['that is a directory', () => folder, 'it is a directory'],
])('a file %s', async (_, named, why) => {
  const file = named()
  await expectRefused(file, `${file}:1:1: error: cannot read ${file}: ${why} [unreadable-file]`)
})

it('a file in Latin 1, and one that never ends', async () => {
  const latin1 = path.join(folder, 'latin1')
  writeFileSync(latin1, Uint8Array.of(0x6e, 0xfc, 0x3a))
  await expectRefused(latin1, `${latin1}:1:1: error: ${latin1} is not text in UTF-8 [not-yaml]`)
  await expectRefused(
    '/dev/zero',
    '/dev/zero:1:1: error: the file is larger than 1048576 characters [too-large]',
  )
})

it('a file that may not be read', async () => {
  const file = path.join(folder, 'secret.yaml')
  writeFileSync(file, USABLE)
  chmodSync(file, 0o000)
  await expectRefused(
    file,
    `${file}:1:1: error: cannot read ${file}: permission denied [unreadable-file]`,
    // Root may read everything.
    { powerless: true },
  )
})

async function expectRefused(file: string, said: string, as: RunOptions = {}): Promise<void> {
  const stateDir = path.join(folder, 'state')
  mkdirSync(stateDir, { recursive: true })
  const [checked, ran] = await Promise.all([
    aloft(['check', file], as),
    aloft(['agent', '--config', file, '--state-dir', stateDir], as),
  ])
  expect(checked).toMatchObject({ code: 1, stderr: '', stdout: expect.stringContaining(said) })
  expect(ran).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(said) })
  const left = readdirSync(stateDir).filter((name) => /\.(pid|lock|sock|json)$/.test(name))
  expect(left).toEqual([])
}
