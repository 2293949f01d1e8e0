import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { EventBody, Role } from '@aloft/shared/protocol/events'
import { afterAll, expect, test } from 'vitest'
import { RoleKeeper } from './roles-file.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'aloft-roles-'))
afterAll(() => rmSync(folder, { recursive: true }))

const transition = (vrid: number, from: Role, to: Role): EventBody => ({
  ...{ kind: 'transition', virtualRouter: `web${vrid}`, vrid, family: 'ipv4', interface: 'eth0', from, to },
  ...{ reason: 'no-response', priority: 100, heard: null, source: null, outageMs: null, addresses: [] },
})
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

test('says once a turn whether any role is active, and not when it is closed', async () => {
  const said: boolean[] = []
  const keeper = new RoleKeeper(path.join(folder, 'roles'), { runId: 'run', bootId: 'boot' }, (isActive) =>
    said.push(isActive),
  )
  keeper.observed(transition(1, 'backup', 'active'))
  keeper.observed(transition(2, 'backup', 'active'))
  await turn()
  expect(said).toEqual([true])
  keeper.observed(transition(1, 'active', 'backup'))
  await turn()
  keeper.observed(transition(2, 'active', 'backup'))
  await turn()
  expect(said).toEqual([true, true, false])
  keeper.observed(transition(2, 'backup', 'active'))
  keeper.close()
  await turn()
  expect(said).toEqual([true, true, false])
})
