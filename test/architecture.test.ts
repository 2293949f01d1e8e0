/**
 * The architecture, kept by a test: who may import whom and why, how long things may get, where clocks and chance
 * may be read. docs/ARCHITECTURE.md explains; this file decides.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { functionsOf, importsOf } from './source-text.ts'

const root = path.dirname(import.meta.dirname)

const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
const files = listed.split('\n').filter((file) => file !== '' && existsSync(path.join(root, file)))
const typescript = files.filter((file) => /\.(ts|tsx)$/.test(file) && !file.endsWith('.d.ts'))
// What a program wrote is held to its source by a test, and read by nobody.
const sources = typescript.filter(
  (file) => !file.includes('.test.') && !file.startsWith('test/') && !file.endsWith('.generated.ts'),
)
const textOf = (file: string) => readFileSync(path.join(root, file), 'utf8')

const PURE = [
  'agent/src/vrrp/',
  'agent/src/packets/',
  'agent/src/session/',
  'agent/src/tracking/',
  'agent/src/bfd/',
  'agent/src/world/',
  'agent/src/router/loop/',
  'shared/src/',
  'control-plane/src/gateway/machine.ts',
  'control-plane/src/gateway/clocks.ts',
  'control-plane/src/gateway/frame-rate.ts',
  'control-plane/src/gateway/heard.ts',
  'control-plane/src/failovers/derive.ts',
  'control-plane/src/availability/derive.ts',
  'control-plane/src/availability/lanes.ts',
]
const isPure = (file: string) => PURE.some((prefix) => file.startsWith(prefix))

interface ImportRule {
  readonly folder: string
  readonly mayNotImport: RegExp
  readonly because: string
}

/** Specifiers are resolved to repository paths where they are ours, and left as written where they are not. */
const IMPORT_RULES: readonly ImportRule[] = [
  {
    folder: 'shared/',
    mayNotImport: /^(agent|control-plane|dashboard|test)\//,
    because: 'both sides stand on shared; it may know neither',
  },
  {
    folder: 'client/',
    mayNotImport: /^(?!client\/)/,
    because:
      'it runs in any program and in browsers: it stands on fetch alone, and its types come from the document',
  },
  {
    folder: 'agent/',
    mayNotImport: /^(dashboard|test)\//,
    because: 'nothing that ships may need the tests or the browser code',
  },
  {
    folder: 'agent/',
    mayNotImport: /^control-plane\/(?!src\/command)/,
    because: 'an agent never needs the centre; only the command line may start one, through its command file',
  },
  {
    folder: 'control-plane/',
    mayNotImport: /^(agent|dashboard|test)\//,
    because: 'the centre knows agents by the wire contract only',
  },
  {
    folder: 'dashboard/',
    mayNotImport: /^(agent|control-plane|test)\/|^shared\/src\/(?!api|protocol\/events|time)/,
    because: 'the browser knows the API and nothing else',
  },
  {
    folder: 'agent/src/router/',
    mayNotImport: /^(zod|yaml|commander|ws|hono|pino)$|^agent\/src\/(steward|session|cli|demo)\//,
    because: 'the router process stays tiny: a big heap makes long collections, and those cost failovers',
  },
  {
    folder: 'agent/src/linux/',
    mayNotImport: /^agent\/src\/(steward|session|cli|demo|simulated|router)\//,
    because: 'a world is plugged into the loops; it does not know them',
  },
  {
    folder: 'control-plane/',
    mayNotImport: /^control-plane\/src\/main\.ts$/,
    because: 'main reads the environment; nothing may depend on that',
  },
]

function resolveImport(file: string, specifier: string): string {
  if (specifier.startsWith('.'))
    return path.posix.normalize(path.posix.join(path.posix.dirname(file), specifier))
  const ours = /^@aloft\/([a-z-]+)\/(.+)$/.exec(specifier)
  return ours ? `${ours[1]}/src/${ours[2]}.ts` : specifier
}

function brokenImports(): string[] {
  return sources.flatMap((file) =>
    importsOf(textOf(file)).flatMap(({ specifier }) => {
      const target = resolveImport(file, specifier)
      return IMPORT_RULES.filter(
        ({ folder, mayNotImport }) => file.startsWith(folder) && mayNotImport.test(target),
      ).map(({ because }) => `${file} imports ${target}: ${because}`)
    }),
  )
}

describe('imports', () => {
  it('follow the rules, each with its reason', () => expect(brokenImports()).toEqual([]))

  it('of pure folders reach only pure folders, shared, and zod or yaml in shared', () => {
    const broken = sources.filter(isPure).flatMap((file) =>
      importsOf(textOf(file))
        .map(({ specifier }) => resolveImport(file, specifier))
        .filter(
          (target) => !isPure(target) && !(file.startsWith('shared/') && ['zod', 'yaml'].includes(target)),
        )
        .map((target) => `${file} imports ${target}`),
    )
    expect(broken).toEqual([])
  })

  it("of a slice's store come from its own verbs only", () => {
    const broken = sources.flatMap((file) =>
      importsOf(textOf(file))
        .map(({ specifier }) => resolveImport(file, specifier))
        .filter((target) => /^control-plane\/src\/.*store\.ts$/.test(target))
        .filter((target) => path.posix.dirname(target) !== path.posix.dirname(file))
        .map((target) => `${file} imports ${target}`),
    )
    expect(broken).toEqual([])
  })

  it('drizzle is known to stores and the database folder only', () => {
    const broken = sources.filter(
      (file) =>
        file.startsWith('control-plane/') &&
        !file.startsWith('control-plane/src/database/') &&
        !/store[a-z-]*\.ts$/.test(file) &&
        !file.endsWith('drizzle.config.ts') &&
        importsOf(textOf(file)).some(
          ({ specifier, typeOnly }) => !typeOnly && specifier.startsWith('drizzle-orm'),
        ),
    )
    expect(broken).toEqual([])
  })
})

describe('pure folders', () => {
  it('read no clock and no randomness', () => {
    const ambient =
      /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bperformance\.now\b|\bprocess\.|\bsetTimeout\b|\bcrypto\./
    const broken = sources.filter((file) => isPure(file) && ambient.test(withoutComments(textOf(file))))
    expect(broken).toEqual([])
  })
})

describe('budgets', () => {
  it('no file is longer than 400 lines', () => {
    const long = sources
      .map((file) => [file, textOf(file).split('\n').length] as const)
      .filter(([, lines]) => lines > 400)
    expect(long).toEqual([])
  })

  it('no function is longer than 70 lines or takes more than 4 parameters', () => {
    const broken = sources.flatMap((file) =>
      functionsOf(textOf(file))
        .filter(({ lines, parameters }) => lines > 70 || parameters > 4)
        .map(({ name, lines, parameters }) => `${file} ${name}: ${lines} lines, ${parameters} parameters`),
    )
    expect(broken).toEqual([])
  })

  it('the median source file is short', () => {
    const lengths = sources.map((file) => textOf(file).split('\n').length).sort((a, b) => a - b)
    expect(lengths[Math.floor(lengths.length / 2)]).toBeLessThanOrEqual(150)
  })

  it('has at least as much test as source in the protocol folders', () => {
    const linesIn = (folder: string, test: boolean) =>
      typescript
        .filter((file) => file.startsWith(folder) && file.includes('.test.') === test)
        .reduce((sum, file) => sum + textOf(file).split('\n').length, 0)
    for (const folder of ['agent/src/vrrp/', 'agent/src/packets/']) {
      expect(linesIn(folder, true) / linesIn(folder, false), folder).toBeGreaterThanOrEqual(1)
    }
  })
})

describe('the reader of source text', () => {
  const body = Array.from({ length: 75 }, () => '  run()').join('\n')

  it.each([
    ['a function', `export function long(a: number) {\n${body}\n}\n`],
    ['an arrow', `const long = async (a: Map<string, number>) => {\n${body}\n}\n`],
    [
      'a method',
      `class A {\n  private async long(a: number): Promise<void> {\n${body.replace(/^/gm, '  ')}\n  }\n}\n`,
    ],
    ['wrapped parameters', `function long(\n  a: number,\n): void {\n${body}\n}\n`],
  ])('sees that %s is too long', (_name, text) => {
    expect(functionsOf(text)).toEqual([expect.objectContaining({ name: 'long', parameters: 1 })])
    expect(functionsOf(text)[0]?.lines).toBeGreaterThan(70)
  })

  it('counts parameters, not commas', () => {
    const text =
      'function many({ a, b }: Pair<x, y>, c: [d, e], f = g(1, 2), h: () => void, i?: number) {\n  run()\n}\n'
    expect(functionsOf(text)[0]?.parameters).toBe(5)
  })

  it('sees every form of import', () => {
    const text =
      "import a from 'a'\nimport type { B } from 'b'\nexport { c } from 'c'\nimport {\n  d,\n} from 'd'\nconst e = await import('e')\nimport 'f'\n"
    expect(importsOf(text).map(({ specifier }) => specifier)).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
  })
})

describe('names', () => {
  it('no file or folder is called utils, common, helpers, core or misc', () => {
    const vague = files.filter((file) =>
      file.split('/').some((part) => /^(utils?|common|helpers?|core|misc|lib)(\.[a-z.]+)?$/.test(part)),
    )
    expect(vague).toEqual([])
  })

  it('nothing is left for later in the source', () => {
    const later = [...sources, ...typescript].filter((file) =>
      /\b(TO[D]O|FIX[M]E|X{3}|HA[C]K)\b/.test(textOf(file)),
    )
    expect(later).toEqual([])
  })

  it('no test is skipped or marked', () => {
    const marked = typescript.filter(
      (file) =>
        file.includes('.test.') && /\b(it|test|describe)\.(skip|todo|only|fails)\b/.test(textOf(file)),
    )
    expect(marked).toEqual([])
  })

  it('no rule of the compiler or the linter is switched off without a reason beside it', () => {
    const off = typescript.filter((file) =>
      /@ts-(ignore|nocheck)|biome-ignore [^:]+: *$|biome-ignore[^:\n]*$/m.test(textOf(file)),
    )
    expect(off).toEqual([])
  })
})

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '')
}
