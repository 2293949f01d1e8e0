import { generateKeyPairSync, sign } from 'node:crypto'
import {
  type Credential,
  Credential as CredentialSchema,
  credentialText,
} from '@aloft/shared/protocol/identity'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CentreKeys } from '../centre-keys/centre.ts'
import { issueCredential, judgeCredential, WAY_BACK_MS } from './credential.ts'

const DAY_MS = 86_400_000
const NOW_MS = 1_795_385_374_433

function newKey() {
  const pair = generateKeyPairSync('ed25519')
  const publicKey = pair.publicKey.export({ format: 'der', type: 'spki' }).toString('base64')
  return {
    publicKey,
    sign: (text: string) => sign(null, Buffer.from(text), pair.privateKey).toString('base64'),
  }
}

/** A centre that signs with the last of these keys; the others count until then. */
function centreOf(own = newKey(), retired: Readonly<Record<string, number>> = {}): CentreKeys {
  return {
    name: { key: own.publicKey, endorsements: [] },
    sign: own.sign,
    issuedUntilMs: (issuer) =>
      issuer === own.publicKey ? Number.POSITIVE_INFINITY : (retired[issuer] ?? null),
    credentialLifeMs: DAY_MS,
  }
}

const centre = centreOf()
const agent = { agentId: 'agent-1', publicKey: newKey().publicKey }
const good = issueCredential(centre, { ...agent, nowMs: NOW_MS })
const judge = (credential: Credential | undefined, atMs = NOW_MS, lastExpiresAtMs: number | null = null) =>
  judgeCredential(centre, { ...agent, credential, lastExpiresAtMs, nowMs: atMs })

describe('a credential of this centre, for this agent and its key', () => {
  it('holds for a day', () => {
    expect(good.expiresMs - good.issuedMs).toBe(DAY_MS)
    expect(judge(good)).toEqual({ kind: 'good', renew: false })
    expect(judge(good, NOW_MS + 0.59 * DAY_MS)).toEqual({ kind: 'good', renew: false })
  })

  it('is followed by the next one when most of its life is over', () => {
    expect(judge(good, NOW_MS + 0.6 * DAY_MS)).toEqual({ kind: 'good', renew: true })
  })

  it('that lapsed is followed by another for ninety days, while the key proves itself', () => {
    const lapsedMs = NOW_MS + DAY_MS
    expect(judge(good, lapsedMs)).toEqual({ kind: 'good', renew: true })
    expect(judge(good, lapsedMs + WAY_BACK_MS)).toEqual({ kind: 'good', renew: true })
    expect(judge(good, lapsedMs + WAY_BACK_MS + 1)).toEqual({ kind: 'too-late', lapsedAtMs: lapsedMs })
  })

  it('holds no longer than the key that signed it, and is renewed at once when that was followed by another', () => {
    const old = newKey()
    const of = issueCredential(centreOf(old), { ...agent, nowMs: NOW_MS })
    const rotated = centreOf(newKey(), { [old.publicKey]: NOW_MS + 1_000 })
    const at = (nowMs: number) =>
      judgeCredential(rotated, { ...agent, credential: of, lastExpiresAtMs: null, nowMs })
    expect(at(NOW_MS)).toEqual({ kind: 'good', renew: true })
    expect(at(NOW_MS + 1_000 + WAY_BACK_MS + 1)).toEqual({ kind: 'too-late', lapsedAtMs: NOW_MS + 1_000 })
  })
})

describe('no credential', () => {
  it('is how agents of before come, and they are given one', () => {
    expect(judge(undefined)).toEqual({ kind: 'good', renew: true })
  })

  it('counts as the last one on record, lapsed', () => {
    expect(judge(undefined, NOW_MS, NOW_MS - WAY_BACK_MS)).toEqual({ kind: 'good', renew: true })
    expect(judge(undefined, NOW_MS, NOW_MS - WAY_BACK_MS - 1)).toEqual({
      kind: 'too-late',
      lapsedAtMs: NOW_MS - WAY_BACK_MS - 1,
    })
  })
})

describe('a hostile credential is refused', () => {
  const bad = (why: string) => ({ kind: 'bad', reason: `the credential does not hold: ${why}` })

  it('that is another centre’s', () => {
    expect(judge(issueCredential(centreOf(), { ...agent, nowMs: NOW_MS }))).toEqual(
      bad('it is of another centre'),
    )
  })

  it('that says it is ours, signed by another centre', () => {
    const forged = issueCredential(centreOf(), { ...agent, nowMs: NOW_MS })
    const { signature: _, ...unsigned } = { ...forged, issuer: centre.name.key }
    const credential = { ...unsigned, signature: newKey().sign(credentialText(unsigned)) }
    expect(judge(credential)).toEqual(bad('its signature does not verify'))
  })

  it('that is another agent’s, or for another key', () => {
    const of = (over: Partial<typeof agent>) =>
      judge(issueCredential(centre, { ...agent, ...over, nowMs: NOW_MS }))
    expect(of({ agentId: 'agent-2' })).toEqual(bad('it is of another agent'))
    expect(of({ publicKey: newKey().publicKey })).toEqual(bad('it is for another key'))
  })

  it('whose fields were changed after it was signed, each of them', () => {
    const changes: Partial<Credential>[] = [
      { serial: 'x' },
      { agentId: 'agent-2' },
      { publicKey: newKey().publicKey },
      { issuedMs: good.issuedMs + 1 },
      { expiresMs: good.expiresMs + DAY_MS },
    ]
    for (const change of changes)
      expect(judge({ ...good, ...change }), JSON.stringify(change)).toEqual(
        bad('its signature does not verify'),
      )
  })

  it('whose words were moved over a space, so that the signed text would be the same', () => {
    const moved = { ...good, serial: `${good.serial} ${good.agentId}`, agentId: good.publicKey }
    expect(CredentialSchema.safeParse(moved).success).toBe(false)
    expect(CredentialSchema.safeParse({ ...good, serial: '' }).success).toBe(false)
  })

  it('with any bit of its signature flipped, or cut off anywhere', () => {
    const bytes = Buffer.from(good.signature, 'base64')
    fc.assert(
      fc.property(fc.nat({ max: bytes.length * 8 - 1 }), fc.nat({ max: bytes.length - 1 }), (bit, length) => {
        const flipped = Buffer.from(bytes)
        flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
        for (const signature of [flipped, bytes.subarray(0, length)].map(
          (of) => of.toString('base64') || '=',
        ))
          expect(judge({ ...good, signature })).toEqual(bad('its signature does not verify'))
      }),
    )
  })
})
