/** Whoever looks can read it: each text on each ground it is set on, in both schemes, at 4.5:1 (WCAG 2.2, 1.4.3). */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { STYLE } from '../../control-plane/src/http/pages.ts'

const DESIGN = path.join(import.meta.dirname, '../../dashboard/src/design')
const THEME = readFileSync(path.join(DESIGN, 'theme.css'), 'utf8')
const ALL = readdirSync(DESIGN)
  .filter((name) => name.endsWith('.css'))
  .map((name) => readFileSync(path.join(DESIGN, name), 'utf8'))
  .join('\n')

type Tokens = ReadonlyMap<string, readonly [light: string, dark: string]>

function tokensOf(css: string): Tokens {
  const found = css.matchAll(/--([\w-]+):\s*light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)
  return new Map([...found].map(([, name = '', light = '', dark = '']) => [name, [light, dark]]))
}

/** Relative luminance, as WCAG 2 defines it. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}

const TINTS = ['good', 'warn', 'bad', 'unknown']
const PLAIN = ['text', 'quiet', 'accent', ...TINTS]

/** Which text is set on which ground. */
const PAIRS: readonly (readonly [text: string, ground: string])[] = [
  ...['ground', 'surface'].flatMap((ground) => PLAIN.map((text) => [text, ground] as const)),
  ...TINTS.map((tint) => [tint, `${tint}-ground`] as const),
  ...['text', 'quiet'].flatMap((text) =>
    ['warn-ground', 'bad-ground', 'unknown-ground'].map((ground) => [text, ground] as const),
  ),
  ['on-accent', 'accent'],
]

function tooFaint(tokens: Tokens): string[] {
  return PAIRS.flatMap(([text, ground]) =>
    ([0, 1] as const).flatMap((scheme) => {
      const [front, back] = [tokens.get(text)?.[scheme], tokens.get(ground)?.[scheme]]
      if (front === undefined || back === undefined) return []
      const ratio = contrast(front, back)
      return ratio >= 4.5 ? [] : [`${text} on ${ground}, ${scheme ? 'dark' : 'light'}: ${ratio.toFixed(2)}`]
    }),
  )
}

describe('contrast', () => {
  it('is computed as WCAG does', () => {
    expect(contrast('#ffffff', '#000000')).toBeCloseTo(21)
    expect(contrast('#767676', '#ffffff')).toBeCloseTo(4.54, 2)
    // Greys weigh all three alike; what is nearly black has a rule of its own.
    expect(contrast('#ff0000', '#ffffff')).toBeCloseTo(4.0, 2)
    expect(contrast('#008000', '#ffffff')).toBeCloseTo(5.14, 2)
    expect(contrast('#0000ff', '#ffffff')).toBeCloseTo(8.59, 2)
    expect(contrast('#0a0a0a', '#000000')).toBeCloseTo(1.06, 2)
  })

  it.each([
    ['the dashboard', THEME, 14],
    ['the centre’s own pages', STYLE, 13],
  ])('of %s is enough', (_, css, count) => {
    const tokens = tokensOf(css)
    expect(tokens.size).toBeGreaterThanOrEqual(count)
    expect(tooFaint(tokens)).toEqual([])
  })

  it('no text is made fainter than its colour', () => {
    expect(`${ALL}${STYLE}`).not.toMatch(/opacity:/)
  })

  it('every page has the colours of the theme, and none of its own', () => {
    const theme = tokensOf(THEME)
    for (const [name, colours] of tokensOf(STYLE)) expect([name, theme.get(name)]).toEqual([name, colours])
    const rules = STYLE.slice(STYLE.indexOf('}') + 1)
    expect(rules.match(/#[0-9a-f]{3,8}\b/g)).toBeNull()
    expect(ALL.replace(THEME, '').match(/#[0-9a-f]{3,8}\b/g)).toBeNull()
  })

  it('a field or button that is typed into or pressed has an edge of 3:1 (1.4.11)', () => {
    const { edge, surface } = Object.fromEntries(tokensOf(THEME))
    for (const scheme of [0, 1] as const)
      expect(contrast(edge?.[scheme] ?? '#000000', surface?.[scheme] ?? '#000000')).toBeGreaterThanOrEqual(3)
  })
})
