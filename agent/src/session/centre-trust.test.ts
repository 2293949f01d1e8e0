import { generateKeyPairSync, sign, verify } from 'node:crypto'
import {
  type CentreName,
  centreProofText,
  type Endorsement,
  endorsementText,
} from '@aloft/shared/protocol/identity'
import { describe, expect, it } from 'vitest'
import { judgeCentre, judgeProof, type Pin, type Verify } from './centre-trust.ts'

function newKey() {
  const pair = generateKeyPairSync('ed25519')
  const key = pair.publicKey.export({ format: 'der', type: 'spki' }).toString('base64')
  return { key, sign: (text: string) => sign(null, Buffer.from(text), pair.privateKey).toString('base64') }
}

const verifyEd25519: Verify = (publicKey, text, signature) =>
  verify(
    null,
    Buffer.from(text),
    { key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' },
    Buffer.from(signature, 'base64'),
  )

const [a, b, c, stranger] = [newKey(), newKey(), newKey(), newKey()] as const
const UNTIL_MS = 5_000

function endorse(by: typeof a, next: typeof a, overlapUntilMs = UNTIL_MS): Endorsement {
  const unsigned = { key: next.key, by: by.key, overlapUntilMs }
  return { ...unsigned, signature: by.sign(endorsementText(unsigned)) }
}

const pinOf = (key: string, previous: Pin['previous'] = null): Pin => ({ key, previous })
const judge = (pin: Pin | null, name: CentreName | undefined, wallMs = 0) =>
  judgeCentre(pin, name, { verify: verifyEd25519, wallMs })

describe('an agent without a pin', () => {
  it('believes whoever answers first, and a centre that has no key', () => {
    const name = { key: a.key, endorsements: [] }
    expect(judge(null, name)).toEqual({ kind: 'trusted', pin: pinOf(a.key), key: a.key })
    expect(judge(null, undefined)).toEqual({ kind: 'trusted', pin: null, key: null })
  })
})

describe('an agent that pinned its centre', () => {
  it('believes that one', () => {
    const name = { key: a.key, endorsements: [] }
    expect(judge(pinOf(a.key), name)).toEqual({ kind: 'trusted', pin: pinOf(a.key), key: a.key })
  })

  it('does not believe another, and says what to do when that one is right', () => {
    expect(judge(pinOf(a.key), { key: stranger.key, endorsements: [] })).toEqual({
      kind: 'distrusted',
      reason: `another centre answers (key …${stranger.key.slice(-12)}), this agent was enrolled with …${a.key.slice(-12)}; if that centre is gone, remove identity.json and enrol anew`,
    })
  })

  it('does not believe one that says nothing', () => {
    expect(judge(pinOf(a.key), undefined)).toMatchObject({ kind: 'distrusted' })
  })

  it('follows endorsements over any number of keys, in whatever order they are told', () => {
    const endorsements = [endorse(b, c, 9_000), endorse(a, b)]
    expect(judge(pinOf(a.key), { key: c.key, endorsements })).toEqual({
      kind: 'trusted',
      pin: pinOf(c.key, { key: b.key, untilMs: 9_000 }),
      key: c.key,
    })
  })

  it('does not follow an endorsement by a stranger, or one that was touched', () => {
    const forged = { ...endorse(stranger, b), by: a.key }
    const touched = { ...endorse(a, b), overlapUntilMs: UNTIL_MS + 1 }
    const swapped = { ...endorse(a, c), key: b.key }
    for (const endorsement of [endorse(stranger, b), forged, touched, swapped])
      expect(judge(pinOf(a.key), { key: b.key, endorsements: [endorsement] })).toMatchObject({
        kind: 'distrusted',
      })
  })

  it('is not led in circles', () => {
    const endorsements = [endorse(a, b), endorse(b, a)]
    expect(judge(pinOf(a.key), { key: c.key, endorsements })).toMatchObject({ kind: 'distrusted' })
  })

  it('is not led back to an older key', () => {
    expect(judge(pinOf(b.key), { key: a.key, endorsements: [endorse(a, b)] })).toMatchObject({
      kind: 'distrusted',
    })
  })

  it('accepts the key before, of a replica that was not told yet, during the overlap and no longer', () => {
    const pin = pinOf(b.key, { key: a.key, untilMs: UNTIL_MS })
    expect(judge(pin, { key: a.key, endorsements: [] }, UNTIL_MS - 1)).toEqual({
      kind: 'trusted',
      pin,
      key: a.key,
    })
    expect(judge(pin, { key: a.key, endorsements: [] }, UNTIL_MS)).toMatchObject({ kind: 'distrusted' })
  })
})

describe('a welcome', () => {
  const session = { agentId: 'a1', nonce: 'n', centreNonce: 'mine', sessionId: 's1' }
  const proof = a.sign(centreProofText(session))

  it('proves the key of its challenge', () => {
    expect(judgeProof(a.key, proof, session, verifyEd25519)).toBeNull()
    expect(judgeProof(null, undefined, session, verifyEd25519)).toBeNull()
  })

  it.each([
    ['none', undefined, session],
    ['another key’s', stranger.sign(centreProofText(session)), session],
    ['one of another session', proof, { ...session, sessionId: 's2' }],
    ['one over another nonce of ours', proof, { ...session, centreNonce: 'other' }],
    ['one over another nonce of the centre', proof, { ...session, nonce: 'other' }],
    ['one for another agent', proof, { ...session, agentId: 'a2' }],
  ])('does not with a proof that is %s', (_, shown, of) => {
    expect(judgeProof(a.key, shown, of, verifyEd25519)).toBe(
      `the centre does not prove that its key is …${a.key.slice(-12)}`,
    )
  })
})
