import { z } from 'zod'
import { parseDuration } from '../time/duration.ts'
import { nearest } from './nearest.ts'
import { quote, writeRefusal } from './refusal.ts'

/** The kinds of value a config holds, each with the messages for the ways people get it wrong. */

/** A key that must be there; every kind says so the same way. `explain.ts` adds the remedy it knows. */
function missing(key: string, example: string): string {
  return writeRefusal({
    code: 'missing-key',
    message: `${key} is missing`,
    hint: `add \`${key}: ${example}\``,
  })
}

export interface TextKind {
  readonly key: string
  readonly accepts: (value: string) => boolean
  /** Finishes "KEY must be …". */
  readonly wants: string
  readonly example: string
  /** For editors; `accepts` decides. */
  readonly pattern?: string
}

export function text({ key, accepts, wants, example, pattern }: TextKind) {
  return z
    .string({
      error: ({ input }) => {
        if (input === undefined) return missing(key, example)
        const isPlain = typeof input === 'number' || typeof input === 'boolean'
        return writeRefusal({
          code: 'wrong-type',
          message: `${key} must be ${isPlain ? 'text' : wants}, not ${quote(input)}`,
          hint: isPlain ? `write it in quotes: "${input}"` : `for example ${example}`,
        })
      },
    })
    .refine(accepts, {
      error: ({ input }) =>
        writeRefusal({
          code: 'bad-value',
          message: `${key} must be ${wants}, not ${quote(input)}`,
          hint: `for example ${example}`,
        }),
    })
    .meta({ examples: [example], ...(pattern === undefined ? {} : { pattern }) })
}

/** A name that is shown in lists, written in commands and used as a key. */
export function named(key: string, example: string) {
  return text({
    key,
    accepts: (value) => /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(value),
    wants:
      'a name of 1 to 63 letters, digits, dots, hyphens and underscores that begins with a letter or digit',
    example,
    pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$',
  })
}

export function wholeNumber(key: string, min: number, max: number) {
  const error = ({ input }: { readonly input?: unknown }) => {
    if (input === undefined) return missing(key, `NUMBER`)
    const digits = typeof input === 'string' && /^\d+$/.test(input)
    return writeRefusal({
      code: typeof input === 'number' ? 'out-of-range' : 'wrong-type',
      message: `${key} must be a whole number from ${min} to ${max}, not ${quote(input)}`,
      hint: digits ? `write ${input} without quotes` : null,
    })
  }
  return z.int({ error }).min(min, { error }).max(max, { error })
}

/** The schema keeps the text; `resolve.ts` reads it as milliseconds. */
export function durationText(key: string, example: string) {
  const error = ({ input }: { readonly input?: unknown }) => durationRefusal(key, example, input)
  return z
    .string({ error })
    .refine((value) => parseDuration(value) !== null, { error })
    .meta({ pattern: '^\\d+(\\.\\d+)?(ms|s|m|h|d)$', examples: [example] })
}

function durationRefusal(key: string, example: string, input: unknown): string {
  if (input === undefined) return missing(key, example)
  const bare = typeof input === 'number' || (typeof input === 'string' && /^\d+(\.\d+)?$/.test(input))
  if (bare) {
    return writeRefusal({
      code: 'wrong-unit',
      message: `${key} is ${input} without a unit`,
      hint: `write ${input}ms or ${input}s`,
    })
  }
  const [, count, unit] =
    (typeof input === 'string' && /^\s*(\d+(?:\.\d+)?)\s*([A-Za-zµ]+)\s*$/.exec(input)) || []
  if (count === undefined || unit === undefined) {
    return writeRefusal({
      code: 'wrong-type',
      message: `${key} must be a duration, not ${quote(input)}`,
      hint: `write a number and a unit, for example ${example}`,
    })
  }
  return writeRefusal({
    code: 'wrong-unit',
    message: `${key} is ${quote(input)}; the units are ms, s, m, h and d, written right after the number`,
    hint: `write ${count}${likelyUnit(unit)}`,
  })
}

function likelyUnit(unit: string): string {
  if (/^(ms|milli|msec)/i.test(unit)) return 'ms'
  const first = unit[0]?.toLowerCase() ?? 's'
  return 'smhd'.includes(first) ? first : 's'
}

const SWITCH_WORDS: Readonly<Record<string, string>> = {
  on: 'true',
  yes: 'true',
  true: 'true',
  off: 'false',
  no: 'false',
  false: 'false',
}

/** A switch: true or false, and nothing YAML takes for them. */
export function onOff(key: string) {
  return z.boolean({ error: ({ input }) => oneOf(key, ['true', 'false'], input) })
}

/** The message for a value that must be one of a few. */
export function oneOf(key: string, choices: readonly string[], input: unknown): string {
  if (input === undefined) return missing(key, choices[0] ?? '')
  const message = `${key} must be ${choices.join(' or ')}, not ${quote(input)}`
  const isSwitch = choices.includes('true') && typeof input === 'string'
  const meant = isSwitch ? (SWITCH_WORDS[input.toLowerCase()] ?? null) : nearest(String(input), choices)
  const asText = typeof input === 'string' && meant === input && !isSwitch
  if (meant === null) return writeRefusal({ code: 'bad-value', message, hint: null })
  const hint = isSwitch || asText ? `write ${meant} without quotes` : `did you mean ${meant}?`
  return writeRefusal({ code: 'bad-value', message, hint })
}

/** The message for a value of another shape than a key holds; `wants` finishes "KEY must be …". */
export function shaped(key: string, wants: string, example: string, input: unknown): string {
  if (input === undefined) return missing(key, example)
  const hint = `for example ${example}`
  return writeRefusal({ code: 'wrong-type', message: `${key} must be ${wants}, not ${quote(input)}`, hint })
}
