import { describe, expect, it } from 'vitest'
import { AGENT_DEFAULTS, ROUTER_DEFAULTS } from './agent-config.ts'
import { findings, written } from './config-text.fixture.ts'
import { loadAgentConfig } from './load-agent-config.ts'

function routerOf(text: string) {
  const loaded = loadAgentConfig(text)
  if (!('config' in loaded)) throw new Error(`refused: ${findings(text).join('; ')}`)
  return loaded.config.virtualRouters[0]
}

describe('a usable config', () => {
  it('is resolved with every default and every duration in milliseconds', () => {
    expect(loadAgentConfig(written())).toEqual({
      warnings: [],
      place: expect.any(Function),
      config: {
        ...AGENT_DEFAULTS,
        node: 'lb1',
        virtualRouters: [
          {
            ...ROUTER_DEFAULTS,
            name: 'web',
            interface: 'eth0',
            vrid: 51,
            family: 'ipv4',
            addresses: [{ address: '192.0.2.100', prefixLength: 24 }],
          },
        ],
      },
    })
  })

  it('may say everything', () => {
    const more = [
      '    version: 2',
      '    priority: 200',
      '    advertisementInterval: 2s',
      '    preempt: { delay: 30s }',
      '    authentication: { type: simple, password: s3cret }',
      '    sourceAddress: 192.0.2.11',
    ].join('\n')
    expect(routerOf(written({ more }))).toMatchObject({
      version: 2,
      priority: 200,
      advertisementIntervalMs: 2_000,
      preempt: { enabled: true, delayMs: 30_000 },
      authentication: { type: 'simple', password: 's3cret' },
      sourceAddress: '192.0.2.11',
    })
  })

  it('may be JSON', () => {
    const json = {
      node: 'lb1',
      virtualRouters: [{ name: 'web', interface: 'eth0', vrid: 51, addresses: ['192.0.2.1'] }],
    }
    expect(routerOf(JSON.stringify(json, null, 2))?.addresses).toEqual([
      { address: '192.0.2.1', prefixLength: 32 },
    ])
  })

  it('may have Windows line ends and a byte order mark', () => {
    expect(routerOf(`\ufeff${written().replaceAll('\n', '\r\n')}`)?.vrid).toBe(51)
  })

  it.each([
    ['preempt: false', { enabled: false, delayMs: 0 }],
    ['preempt: true', { enabled: true, delayMs: 0 }],
    ['preempt: { delay: 0s }', { enabled: true, delayMs: 0 }],
    ['preempt: { delay: 1000s }', { enabled: true, delayMs: 1_000_000 }],
  ])('%s', (line, preempt) => expect(routerOf(written({ more: `    ${line}` }))?.preempt).toEqual(preempt))

  it('of an owner preempts whatever it says', () => {
    const owner = routerOf(written({ more: '    priority: 255\n    preempt: false' }))
    expect(owner?.preempt).toEqual({ enabled: true, delayMs: 0 })
  })

  it('may use one VRID on two interfaces', () => {
    const more = '  - { name: b, interface: eth1, vrid: 51, addresses: [192.0.2.101/24] }'
    expect(findings(written({ more }))).toEqual([])
  })

  it('may repeat a value by an alias', () => {
    const more =
      '    priority: &p 120\n  - { name: b, interface: eth1, vrid: 51, addresses: [192.0.2.101/24], priority: *p }'
    const loaded = loadAgentConfig(written({ more }))
    expect('config' in loaded && loaded.config.virtualRouters[1]?.priority).toBe(120)
  })
})

describe('a text that is no Aloft config', () => {
  // biome-ignore format: one case a line
  it.each([
    ['nothing', '', '1:1 error empty the file holds no config | it needs the keys node and virtualRouters; `aloft schema` prints what they hold'],
    ['a comment', '# nothing yet\n', '1:1 error empty the file holds no config | it needs the keys node and virtualRouters; `aloft schema` prints what they hold'],
    ['a sentence', 'hello world', '1:1 error wrong-type an Aloft config must be a map, not "hello world" | for example `node: lb1` and `virtualRouters: […]`'],
    ['a list', '- a\n- b', '1:1 error wrong-type an Aloft config must be a map, not a list | for example `node: lb1` and `virtualRouters: […]`'],
    ['an open bracket', 'node: lb1\nvirtualRouters: [', '2:18 error not-yaml not YAML: Flow sequence in block collection must be sufficiently indented and end with a ] | check the indentation, quotes and brackets here and on the line above'],
    ['a tab as indent', 'node: lb1\nvirtualRouters:\n\t- name: web\n', '3:1 error not-yaml not YAML: a tab indents this line | indent with spaces'],
    ['a binary file', '\u007fELF\0\0', '1:1 error not-yaml the file is not text: it holds a NUL character'],
    ['a tag', 'node: !!js/function x\n', '1:7 error not-yaml not YAML as Aloft reads it: Unresolved tag: tag:yaml.org,2002:js/function | remove the `!` tag'],
    ['two documents', 'node: a\n---\nnode: b\n', '2:1 error several-documents a config is one document | remove the `---` line'],
    ['a key twice', 'node: a\nnode: b\nvirtualRouters: []\n', '2:1 error duplicate-key this key is already written above | keep one of the two'],
    ['a keepalived.conf', '! my config\nglobal_defs {\n  router_id a\n}\nvrrp_instance VI_1 {\n', '2:1 error keepalived-config this is a keepalived.conf; importing one is not supported by this version yet | write an Aloft config: `aloft schema` prints what it may hold'],
    ['a site document', 'site: vienna\nnodes:\n  - a\n', '1:1 error not-supported-yet site documents are not supported by this version yet | write one config for each node, with the keys node and virtualRouters'],
    ['very much', `node: ${'x'.repeat(1_048_576)}`, '1:1 error too-large the file is larger than 1048576 characters'],
    ['brackets without end', '['.repeat(20_000), '1:1 error too-deep the file is nested too deeply'],
  ])('%s', (_, text, expected) => expect(findings(text)[0]).toBe(expected))

  it('aliases that expand without bound are refused before they are expanded', () => {
    const level = (name: string, of: string) => `${name}: &${name} [${Array(9).fill(of).join(', ')}]\n`
    const bomb = level('a', 'x') + level('b', '*a') + level('c', '*b') + level('d', '*c') + level('e', '*d')
    expect(findings(bomb)).toEqual(['1:1 error too-many-aliases aliases (*name) expand to too much'])
  })

  it('an alias of itself is answered, not followed', () => {
    expect(findings('node: &a [*a]\nvirtualRouters: []\n')[0]).toMatch(/^1:10 error wrong-type node must be/)
  })
})
