/** Users and groups of this host, wherever it keeps them (nsswitch.conf(5)). */
import { execFileSync } from 'node:child_process'

export interface Account {
  readonly uid: number
  readonly gid: number
}

/** Asking costs a process, and a check may run ten times a second. */
const KEEP_MS = 60_000
const kept = new Map<string, { readonly untilMs: number; readonly account: Account }>()

/** The same as `findAccount`, which it asks at most once a minute for those there are. */
export function recallAccount(user: string | null, group: string | null): Account | null {
  const key = JSON.stringify([user, group])
  const known = kept.get(key)
  const nowMs = performance.now()
  if (known !== undefined && nowMs < known.untilMs) return known.account
  const account = findAccount(user, group)
  if (account !== null) kept.set(key, { untilMs: nowMs + KEEP_MS, account })
  return account
}

/** The numbers of a user and, when given, another group than the user's own. Null: there is no such user or group. */
export function findAccount(user: string | null, group: string | null): Account | null {
  const found =
    user === null ? { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 } : findUser(user)
  if (found === null || group === null) return found
  const gid = fieldOf('group', group, 2)
  return gid === null ? null : { uid: found.uid, gid }
}

function findUser(name: string): Account | null {
  const uid = fieldOf('passwd', name, 2)
  const gid = fieldOf('passwd', name, 3)
  return uid === null || gid === null ? null : { uid, gid }
}

function fieldOf(database: 'passwd' | 'group', name: string, field: number): number | null {
  try {
    const line = execFileSync('getent', [database, name], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const value = Number(line.trim().split(':')[field])
    return Number.isInteger(value) ? value : null
  } catch {
    // getent(1) exits 2 when there is none of that name.
    return null
  }
}
