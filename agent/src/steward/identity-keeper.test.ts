import type { ServerFrame } from '@aloft/shared/protocol/frames'
import { challengeText } from '@aloft/shared/protocol/frames'
import {
  type Credential,
  candidateText,
  centreProofText,
  type Endorsement,
  endorsementText,
} from '@aloft/shared/protocol/identity'
import { beforeEach, describe, expect, it } from 'vitest'
import type { UnsignedHello } from '../session/state.ts'
import {
  fingerprintOf,
  type Identity,
  makeIdentity,
  newPrivateKey,
  publicKeyOf,
  signedBy,
  signText,
} from './identity.ts'
import { IdentityKeeper, type SessionProof } from './identity-keeper.ts'

const AGENT = 'a1'
const credential: Credential = {
  ...{ serial: 'c1', agentId: AGENT, publicKey: 'k', issuer: 'i', signature: 's' },
  ...{ issuedMs: 0, expiresMs: 1 },
}
const hello: UnsignedHello = {
  ...{
    kind: 'hello',
    protocolVersion: 1,
    agentId: AGENT,
    node: 'lb1',
    software: 't',
    bootId: 'b',
    runId: 'r',
  },
  ...{ epoch: 'e', firstSeq: 1, lastSeq: 0, wallMs: 0, credential },
}

/** A centre and the keys it had. */
const [centre, next, stranger] = [newPrivateKey(), newPrivateKey(), newPrivateKey()].map((privateKey) => ({
  key: publicKeyOf({ privateKey }),
  sign: (text: string) => signText({ privateKey }, text),
})) as [Centre, Centre, Centre]
interface Centre {
  readonly key: string
  sign(text: string): string
}

let saved: Identity[]
let said: string[]
let save: (identity: Identity) => Promise<void>
beforeEach(() => {
  saved = []
  said = []
  save = async (identity) => void saved.push(identity)
})

const original = { ...makeIdentity(), centre: { key: centre.key, previous: null } }
const candidate = { privateKey: newPrivateKey() }

function keeper(facts: Partial<Identity> = {}): IdentityKeeper {
  return new IdentityKeeper({
    identity: { ...original, ...facts },
    save: (identity) => save(identity),
    enrolment: { agentId: AGENT, site: 'berlin', node: 'lb1', enrolledWallMs: 0 },
    wallMs: () => 1_000,
    log: (text) => said.push(text),
  })
}

const challengeOf = (by: Centre, endorsements: readonly Endorsement[] = []): ServerFrame => ({
  ...{ kind: 'challenge', nonce: 'n', protocolVersion: 1 },
  centre: { key: by.key, endorsements: [...endorsements] },
})
function welcomeOf(by: Centre, { centreNonce }: { readonly centreNonce?: string | undefined }): ServerFrame {
  const session = { agentId: AGENT, nonce: 'n', centreNonce: String(centreNonce), sessionId: 's' }
  return {
    ...{ kind: 'welcome', sessionId: 's', resumeAfterSeq: 0, heartbeatMs: 1, spreadMs: 0 },
    proof: by.sign(centreProofText(session)),
  }
}

/** A whole greeting; whose key signed the hello. */
function greet(proof: SessionProof, said: UnsignedHello = hello, by = centre, endorsed: Endorsement[] = []) {
  expect(proof.distrust(challengeOf(by, endorsed))).toBeNull()
  const answer = proof.hello('n', said)
  const refusal = proof.distrust(welcomeOf(by, answer))
  const signs = (key: Pick<Identity, 'privateKey'>) =>
    signedBy(publicKeyOf(key), challengeText('n', AGENT), answer.signature)
  return { refusal, by: signs(original) ? 'current' : signs(candidate) ? 'candidate' : 'nobody' }
}
const settled = () => new Promise((resolve) => setImmediate(resolve))

describe('which key speaks', () => {
  it('is the one in use, where there is no other', async () => {
    expect(greet(keeper().open())).toEqual({ refusal: null, by: 'current' })
    const { credential: _, ...refused } = hello
    expect(greet(keeper().open(), refused)).toEqual({ refusal: null, by: 'current' })
    await settled()
    expect(saved).toEqual([])
  })

  it('is the candidate after a refusal: the centre may have taken it; and then it is the key', async () => {
    const one = keeper({ candidate })
    const { credential: _, ...refused } = hello
    expect(greet(one.open(), refused)).toEqual({ refusal: null, by: 'candidate' })
    expect(one.keyFingerprint).toBe(fingerprintOf(candidate))
    await settled()
    expect(saved).toEqual([{ ...original, privateKey: candidate.privateKey, candidate: null }])
  })

  it('is the old one with a credential, and a welcome for it is the end of the candidate', async () => {
    const one = keeper({ candidate })
    expect(greet(one.open())).toEqual({ refusal: null, by: 'current' })
    await settled()
    expect(saved).toEqual([original])
  })

  it('is the candidate in its trial, and meanwhile no welcome settles anything', async () => {
    const one = keeper({ candidate })
    let end = (_: 'holds') => {}
    const trial = one.tryCandidate(() => new Promise((resolve) => (end = resolve)), credential)
    expect(greet(one.openTrial())).toEqual({ refusal: null, by: 'candidate' })
    expect(greet(one.open())).toEqual({ refusal: null, by: 'current' })
    await settled()
    expect(saved).toEqual([])
    end('holds')
    expect(await trial).toBe(true)
    expect(saved).toEqual([{ ...original, privateKey: candidate.privateKey, candidate: null, credential }])
  })
})

describe('a candidate', () => {
  it('is on disk before anybody hears of it, proves itself for this session, and is made once', async () => {
    const one = keeper()
    const { publicKey, signature } = await one.makeCandidate('s1')
    expect(saved).toHaveLength(1)
    expect(publicKeyOf(saved[0]?.candidate ?? original)).toBe(publicKey)
    expect(signedBy(publicKey, candidateText(AGENT, 's1', publicKey), signature)).toBe(true)
    expect((await one.makeCandidate('s2')).publicKey).toBe(publicKey)
  })

  it('that cannot be written down is not heard of', async () => {
    save = async () => Promise.reject(new Error('ENOSPC'))
    await expect(keeper().makeCandidate('s1')).rejects.toThrow('ENOSPC')
  })

  it('the centre refused is gone; one it said nothing of stays', async () => {
    const one = keeper({ candidate })
    expect(await one.tryCandidate(async () => 'unclear', credential)).toBe(false)
    expect(saved).toEqual([])
    expect(await one.tryCandidate(async () => 'refused', credential)).toBe(false)
    expect(saved).toEqual([original])
  })

  it('is tried once for all who ask meanwhile, and again for those who ask later', async () => {
    const one = keeper({ candidate })
    let trials = 0
    const trial = async () => {
      trials += 1
      await settled()
      return trials === 1 ? ('unclear' as const) : ('holds' as const)
    }
    const both = [one.tryCandidate(trial, credential), one.tryCandidate(trial, credential)]
    expect([await Promise.all(both), trials]).toEqual([[false, false], 1])
    expect([await one.tryCandidate(trial, credential), trials]).toEqual([true, 2])
    expect(said).toEqual(['this agent has a new key; the old one is gone'])
  })

  it('that is not there is not tried', async () => {
    const never = async () => Promise.reject(new Error('tried'))
    expect(await keeper().tryCandidate(never, credential)).toBe(false)
  })
})

describe('which centre is believed', () => {
  it('is the pinned one alone, from its challenge on', () => {
    expect(keeper().open().distrust(challengeOf(stranger))).toContain('another centre answers')
  })

  it('is not who claims the pinned key and cannot prove it, and that settles nothing', async () => {
    const one = keeper({ candidate })
    const proof = one.open()
    expect(proof.distrust(challengeOf(centre))).toBeNull()
    const answer = proof.hello('n', hello)
    expect(proof.distrust(welcomeOf(stranger, answer))).toContain('does not prove')
    await settled()
    expect(saved).toEqual([])
  })

  it('is the first that proves itself, where none is pinned', async () => {
    expect(greet(keeper({ centre: null }).open()).refusal).toBeNull()
    await settled()
    expect(saved).toEqual([original])
    expect(said).toEqual([expect.stringMatching(/trusted from now on, as the first that answered/)])
  })

  it('is the one that the pinned one endorsed, with the pin moved on', async () => {
    const unsigned = { key: next.key, by: centre.key, overlapUntilMs: 9_000 }
    const endorsement = { ...unsigned, signature: centre.sign(endorsementText(unsigned)) }
    expect(greet(keeper().open(), hello, next, [endorsement]).refusal).toBeNull()
    await settled()
    const pin = { key: next.key, previous: { key: centre.key, untilMs: 9_000 } }
    expect(saved).toEqual([{ ...original, centre: pin }])
    expect(said).toEqual([expect.stringMatching(/endorsed by the one before it/)])
  })
})

describe('what is kept', () => {
  it('is the credential of the centre, shown from then on', async () => {
    const one = keeper()
    one.keep(credential)
    expect(one.credential).toEqual(credential)
    await settled()
    expect(saved).toEqual([{ ...original, credential }])
  })

  it('is written one after the other, the newest last, also after a write that failed, which is said', async () => {
    const begun: Identity[] = []
    let failing = true
    let writing = 0
    save = async (identity) => {
      writing += 1
      expect(writing, 'one at a time').toBe(1)
      begun.push(identity)
      await settled()
      writing -= 1
      if (failing) {
        failing = false
        throw new Error('EIO')
      }
    }
    const one = keeper({ candidate })
    one.keep(credential)
    one.keep({ ...credential, serial: 'c2' })
    await expect.poll(() => begun.map((each) => each.credential?.serial)).toEqual(['c1', 'c2'])
    await settled()
    expect(said).toEqual(["this agent's identity cannot be written: EIO"])
  })
})
