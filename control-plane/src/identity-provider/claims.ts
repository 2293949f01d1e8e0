import { type Grant, UserName } from '@aloft/shared/api/access'
import type { ProviderSettings } from './settings.ts'

type Claims = Readonly<Record<string, unknown>>

/** What the claims give, each grant once. Empty gives nothing, and nobody is let in with nothing. */
export function grantsOf(settings: ProviderSettings, claims: Claims): readonly Grant[] {
  const values = ['*', ...textsOf(claimAt(claims, settings.grantsClaim))]
  const grants = values.flatMap((value) =>
    Object.hasOwn(settings.grants, value) ? (settings.grants[value] ?? []) : [],
  )
  return [...new Map(grants.map((grant) => [JSON.stringify(grant), grant])).values()]
}

/** The name a new user gets, or null when the claim holds none that can be one. */
export function userNameOf(settings: ProviderSettings, claims: Claims): string | null {
  const value = claimAt(claims, settings.nameClaim)
  const parsed = UserName.safeParse(typeof value === 'string' ? value.toLowerCase() : undefined)
  return parsed.success ? parsed.data : null
}

/** A claim of that very name first, for names may hold dots (and URLs do); then along the dots. */
export function claimAt(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name]
  let at: unknown = claims
  for (const part of name.split('.')) {
    if (at === null || typeof at !== 'object' || !Object.hasOwn(at, part)) return undefined
    at = Reflect.get(at, part)
  }
  return at
}

function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  return Array.isArray(value) ? value.filter((part) => typeof part === 'string') : []
}
