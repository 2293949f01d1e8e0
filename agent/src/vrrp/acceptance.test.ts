import type { VirtualRouterConfig } from '@aloft/shared/config/agent-config'
import { describe, expect, it } from 'vitest'
import { discardReason } from './acceptance.ts'
import type { Decoded } from './advertisement.ts'
import { authenticationOf } from './authentication.ts'
import { address, routerConfig } from './examples.test.support.ts'
import type { Advertisement, State } from './virtual-router.ts'

const OWN = address('192.0.2.1')
const PEER = address('192.0.2.2')

interface Case {
  readonly ours?: Partial<VirtualRouterConfig>
  readonly theirs?: Partial<Advertisement>
  readonly authentication?: VirtualRouterConfig['authentication'] | null
  readonly source?: typeof PEER
  readonly role?: State['role']
}

function verdict({ ours = {}, theirs = {}, authentication = null, source = PEER, role = 'backup' }: Case) {
  const config = routerConfig(ours)
  const advertisement: Advertisement = {
    version: config.version,
    vrid: config.vrid,
    priority: 200,
    intervalMs: config.advertisementIntervalMs,
    addresses: config.addresses.map((each) => each.address),
    ...theirs,
  }
  const decoded: Decoded = {
    advertisement,
    authentication: authentication === null ? null : authenticationOf(authentication),
    checksum: 'message-only',
  }
  return discardReason({ config, source: OWN, priority: config.priority }, { source, decoded, role })
}

const none = { type: 'none' } as const
const secret = { type: 'simple', password: 'secret' } as const

describe('RFC 9568 §7.1', () => {
  it('accepts an advertisement of its own version', () => {
    expect(verdict({})).toBeNull()
  })

  it('discards one of another version', () => {
    expect(verdict({ theirs: { version: 2 }, authentication: none })).toBe('version')
    expect(verdict({ ours: { version: 2 }, theirs: { version: 3 } })).toBe('version')
  })

  it('accepts another interval, to be learned', () => {
    expect(verdict({ theirs: { intervalMs: 10 } })).toBeNull()
  })

  it('accepts another address list: the RFC says to log it only', () => {
    expect(verdict({ theirs: { addresses: [address('198.51.100.7')] } })).toBeNull()
  })

  it('erratum 8298: the owner accepts advertisements too', () => {
    expect(verdict({ ours: { priority: 255 }, role: 'active' })).toBeNull()
  })
})

describe('RFC 3768 §7.1', () => {
  const v2 = { version: 2, advertisementIntervalMs: 2000 } as const

  it('accepts the same authentication and interval', () => {
    expect(verdict({ ours: v2, authentication: none })).toBeNull()
    expect(verdict({ ours: { ...v2, authentication: secret }, authentication: secret })).toBeNull()
  })

  it('discards another type of authentication', () => {
    expect(verdict({ ours: v2, authentication: secret })).toBe('authentication-type')
    expect(verdict({ ours: { ...v2, authentication: secret }, authentication: none })).toBe(
      'authentication-type',
    )
  })

  it('discards another password', () => {
    const other = { type: 'simple', password: 'guess' } as const
    expect(verdict({ ours: { ...v2, authentication: secret }, authentication: other })).toBe(
      'authentication-failure',
    )
  })

  it('discards another interval', () => {
    expect(verdict({ ours: v2, authentication: none, theirs: { intervalMs: 1000 } })).toBe(
      'interval-mismatch',
    )
  })

  it('compares intervals in the seconds it sends', () => {
    const ours = { ...v2, advertisementIntervalMs: 2300 }
    expect(verdict({ ours, authentication: none, theirs: { intervalMs: 2000 } })).toBeNull()
  })
})

describe('one’s own advertisement', () => {
  it('come back to an active, is discarded', () => {
    expect(verdict({ source: OWN, role: 'active', theirs: { priority: 100 } })).toBe('own-advertisement')
    expect(verdict({ source: OWN, role: 'active', theirs: { priority: 0 } })).toBe('own-advertisement')
  })

  it('with another priority is another host’s that has our address, and may win', () => {
    expect(verdict({ source: OWN, role: 'active', theirs: { priority: 200 } })).toBeNull()
  })

  it('heard by a backup cannot be its own: it must not take over from whoever sent it', () => {
    expect(verdict({ source: OWN, role: 'backup', theirs: { priority: 100 } })).toBeNull()
  })
})
