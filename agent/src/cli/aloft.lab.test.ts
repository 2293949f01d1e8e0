import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aloft } from './cli.fixture.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'aloft-cli-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const USABLE = `node: lb1
virtualRouters:
  - name: web
    interface: eth0
    vrid: 51
    addresses: [192.0.2.100/24]
`

function check(text: string, ...options: string[]) {
  writeFileSync(path.join(folder, 'a.yaml'), text)
  return aloft(['check', 'a.yaml', ...options], { cwd: folder })
}

describe('aloft check', () => {
  it('says that a config can be used', async () => {
    expect(await check(USABLE)).toEqual({
      code: 0,
      stdout: 'a.yaml can be used: node lb1, 1 virtual router\n',
      stderr: '',
    })
  })

  it('shows every mistake with its place, a caret and the remedy, and exits 1', async () => {
    const text = USABLE.replace('eth0', 'eth0\n    advertisementInterval: 100\n    prioritty: 5').replace(
      '51',
      '256',
    )
    expect(await check(text)).toEqual({
      code: 1,
      stderr: '',
      stdout: `a.yaml:5:28: error: virtualRouters[0]: advertisementInterval is 100 without a unit [wrong-unit]
  5 |     advertisementInterval: 100
    |                            ^
  = write 100ms or 100s

a.yaml:6:5: error: virtualRouters[0]: unknown key prioritty [unknown-key]
  6 |     prioritty: 5
    |     ^
  = did you mean priority?

a.yaml:7:11: error: virtualRouters[0]: vrid must be a whole number from 1 to 255, not 256 [out-of-range]
  7 |     vrid: 256
    |           ^

a.yaml cannot be used: 3 errors, 0 warnings
`,
    })
  })

  it('shows warnings of a config that can be used, and exits 0', async () => {
    const ran = await check(`${USABLE}    advertisementInterval: 20ms\n`)
    expect(ran.code).toBe(0)
    expect(ran.stdout).toMatch(/^a\.yaml:7:28: warning: .*\[short-interval\]/)
    expect(ran.stdout).toMatch(/can be used: node lb1, 1 virtual router, 1 warning\n$/)
  })

  it('answers in JSON', async () => {
    const good = await check(USABLE, '--json')
    expect(good.code).toBe(0)
    expect(JSON.parse(good.stdout)).toMatchObject({
      file: 'a.yaml',
      usable: true,
      revision: expect.stringMatching(/^[0-9a-f]{16}$/),
      config: { node: 'lb1', virtualRouters: [{ advertisementIntervalMs: 1_000 }] },
      diagnostics: [],
    })
    const bad = await check(USABLE.replace('51', '0'), '--json')
    expect(bad.code).toBe(1)
    expect(JSON.parse(bad.stdout)).toEqual({
      file: 'a.yaml',
      usable: false,
      revision: null,
      config: null,
      diagnostics: [
        {
          severity: 'error',
          code: 'out-of-range',
          message: 'vrid must be a whole number from 1 to 255, not 0',
          line: 5,
          column: 11,
          path: 'virtualRouters[0].vrid',
          hint: null,
        },
      ],
    })
  })

  it('gives equal configs equal revisions, whatever their notation', async () => {
    const [yaml, json] = await Promise.all([
      aloft(['check', '-', '--json'], { stdin: USABLE }),
      aloft(['check', '-', '--json'], {
        stdin:
          '{"virtualRouters":[{"addresses":["192.0.2.100/24"],"priority":100,"vrid":51,"interface":"eth0","name":"web"}],"node":"lb1"}',
      }),
    ])
    expect(JSON.parse(json.stdout).revision).toBe(JSON.parse(yaml.stdout).revision)
  })

  it('reads standard input', async () => {
    const ran = await aloft(['check', '-'], { stdin: 'node: lb1\n' })
    expect(ran).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('standard input:1:1: error: virtualRouters is missing'),
    })
  })

  it.each([
    ['a file that is not there', 'none.yaml', 'cannot read none.yaml: there is no such file'],
    ['a directory', '.', 'cannot read .: it is a directory'],
  ])('refuses %s', async (_, file, message) => {
    const ran = await aloft(['check', file], { cwd: folder })
    expect(ran).toMatchObject({ code: 1, stderr: '' })
    expect(ran.stdout).toContain(`error: ${message} [unreadable-file]`)
  })

  it('refuses what is not UTF-8 and what has no end', async () => {
    writeFileSync(path.join(folder, 'latin1'), Uint8Array.of(0x6e, 0xfc, 0x3a))
    const [latin1, endless] = await Promise.all([
      aloft(['check', 'latin1'], { cwd: folder }),
      aloft(['check', '/dev/zero']),
    ])
    expect(latin1).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('latin1 is not text in UTF-8 [not-yaml]'),
    })
    expect(endless).toMatchObject({ code: 1, stdout: expect.stringContaining('the file is larger than') })
  })
})

describe('aloft', () => {
  it('prints the schema it checks by', async () => {
    const ran = await aloft(['schema'])
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(ran.stdout)).toMatchObject({
      title: 'Aloft agent config',
      required: ['node', 'virtualRouters'],
    })
  })

  it.each([
    ['--help', /^Usage: aloft/],
    ['--version', /^\d+\.\d+\.\d+\n$/],
    ['help', /^Usage: aloft/],
  ])('%s is an answer', async (option, expected) => {
    const ran = await aloft([option])
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(ran.stdout).toMatch(expected)
  })

  it('has a help for every command it lists, and lists none of a later version', async () => {
    const { stdout } = await aloft(['--help'])
    const named = [...stdout.matchAll(/^ {2}([a-z-]+) /gm)].map(([, name]) => name ?? '')
    const listed = named.filter((name) => name !== 'help')
    expect(listed).toEqual(
      expect.arrayContaining(['agent', 'status', 'check', 'schema', 'sites', 'events', 'token']),
    )
    for (const later of ['import', 'switchover', 'rollout', 'config']) expect(listed).not.toContain(later)
    const helps = await Promise.all(listed.map((name) => aloft(['help', name])))
    expect(helps.map(({ code }) => code)).toEqual(listed.map(() => 0))
  })

  it.each([
    ['no command', [], 'Usage: aloft'],
    ['an unknown command', ['chekc'], "unknown command 'chekc'\n(Did you mean check?)"],
    ['an unknown option', ['check', 'a', '--jsn'], "unknown option '--jsn'\n(Did you mean --json?)"],
    ['a missing argument', ['check'], "missing required argument 'file'"],
    ['too many arguments', ['check', 'a', 'b'], 'too many arguments'],
    ['a missing option', ['agent'], "required option '--config <file>' not specified"],
    [
      'a control plane that is no URL',
      ['agent', '--config', 'x', '--control-plane', 'ftp://x'],
      '--control-plane ftp://x: write https://HOST',
    ],
    ['a VRID out of range', ['failovers', '--vrid', '256'], 'Write a whole number from 1 to 255.'],
    ['an instant that is none', ['failovers', '--from', 'yesterday'], '--from yesterday: write an instant'],
    ['no API token', ['sites'], 'no API token: set ALOFT_TOKEN or give --token'],
    [
      'an API address that is none',
      ['sites', '--token', 'x', '--url', 'centre'],
      'centre is not the URL of a control plane',
    ],
    [
      'a lifetime without a unit',
      ['token', 'create', '--site', 'a', '--ttl', '5', '--token', 'x'],
      '--ttl 5: write 1s to 30d',
    ],
    [
      'a lifetime too long',
      ['token', 'create', '--site', 'a', '--ttl', '31d', '--token', 'x'],
      '--ttl 31d: write 1s to 30d',
    ],
    [
      'a name no site can have',
      ['token', 'create', '--site', 'A b', '--token', 'x'],
      '--site A b: lower-case letters, digits and hyphens',
    ],
  ])('exits 2 for %s', async (_, args, message) => {
    const ran = await aloft(args)
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(ran.stderr).toContain(message)
  })

  it('exits 1 with the reason when no agent runs here', async () => {
    const ran = await aloft(['status', '--state-dir', path.join(folder, 'none')])
    expect(ran).toMatchObject({ code: 1, stdout: '' })
    expect(ran.stderr).toContain('no agent is running')
  })
})
