import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { clusterIn, ensureCluster } from './cluster-files.ts'
import { packagedBinaries, reachableBinaries, serverAccount } from './postgres-binaries.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'aloft-cluster-'))
  chmodSync(folder, 0o755)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const stranger = { uid: 65_533, gid: 65_533, name: 'stranger' }

it('a folder the server’s account may not enter is named, with the remedy', () => {
  const closed = path.join(folder, 'closed')
  mkdirSync(path.join(closed, 'data'), { recursive: true })
  chmodSync(closed, 0o700)
  expect(() => clusterIn(path.join(closed, 'data'), '/bin', stranger)).toThrow(
    `PostgreSQL runs as stranger, which may not enter ${closed}; choose another --data-dir, or chmod o+x it`,
  )
})

it('binaries in a closed checkout are copied to where the account can run them', () => {
  const closed = path.join(folder, 'root')
  const bin = path.join(closed, 'package', 'native', 'bin')
  mkdirSync(bin, { recursive: true })
  writeFileSync(path.join(bin, 'postgres'), 'program')
  writeFileSync(path.join(closed, 'package', 'package.json'), '{"version":"18.4.0"}')
  expect(reachableBinaries(bin, folder, stranger)).toBe(bin)
  chmodSync(closed, 0o700)
  const copied = reachableBinaries(bin, folder, stranger)
  expect(copied).toBe(path.join(folder, 'postgres-programs-18.4.0', 'bin'))
  expect(existsSync(path.join(copied, 'postgres'))).toBe(true)
  expect(reachableBinaries(bin, folder, stranger)).toBe(copied)
})

it('a socket folder whose path is too long for a socket is put elsewhere', () => {
  const long = path.join(folder, 'd'.repeat(90))
  expect(clusterIn(long, '/bin', serverAccount()).socketFolder).toMatch(/aloft-postgres-[0-9a-f]{16}$/)
  expect(clusterIn(folder, '/bin', serverAccount()).socketFolder).toBe(path.join(folder, 'postgres-socket'))
})

it('an interrupted first start leaves nothing that would pass for a cluster; another version is refused', async () => {
  const account = serverAccount()
  const cluster = clusterIn(folder, reachableBinaries(packagedBinaries(), folder, account), account)
  mkdirSync(`${cluster.folder}.initialising`)
  writeFileSync(path.join(`${cluster.folder}.initialising`, 'PG_VERSION'), '18\n')
  await ensureCluster(cluster, () => {})
  expect(existsSync(`${cluster.folder}.initialising`)).toBe(false)
  writeFileSync(path.join(cluster.folder, 'PG_VERSION'), '14\n')
  await expect(ensureCluster(cluster, () => {})).rejects.toThrow(
    `${cluster.folder} was made by PostgreSQL 14, the installed server is 18`,
  )
})
