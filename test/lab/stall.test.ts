/** Issue 3, 11d: a router that was stopped for longer than its peers wait listens first, then decides, and says so. */
import { execFileSync } from 'node:child_process'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createLan, ip, type Lan } from '../../agent/src/linux/namespace.ts'
import { type LabAgent, startAgent, untilRole } from './agent.ts'
import { captureAdvertisements } from './capture.ts'
import { type Keepalived, startKeepalived } from './keepalived.ts'
import { until } from './wait.ts'

const VIP = '10.82.0.100'
let lan: Lan
let ours: LabAgent | null = null
let theirs: Keepalived | null = null
let made = 0

beforeEach(async () => {
  made += 1
  lan = await createLan(`stall${process.pid}-${made}`, [
    { name: 'ours', addresses: ['10.82.0.1/24'] },
    { name: 'theirs', addresses: ['10.82.0.2/24'] },
  ])
})
afterEach(async () => {
  await ours?.kill()
  await theirs?.kill()
  ours = null
  theirs = null
  await lan.remove()
})
