/**
 * This agent's identity while it runs: which key speaks, which centre is believed, which credential is shown. Whatever
 * changes is on disk before anybody acts on it, and every write is of the whole file, one after the other.
 */
import { randomBytes } from 'node:crypto'
import { challengeText, type Hello, type ServerFrame } from '@aloft/shared/protocol/frames'
import { type Credential, candidateText } from '@aloft/shared/protocol/identity'
import { judgeCentre, judgeProof, keyName, type Pin } from '../session/centre-trust.ts'
import type { UnsignedHello } from '../session/state.ts'
import {
  type Enrolment,
  fingerprintOf,
  type Identity,
  newPrivateKey,
  publicKeyOf,
  signedBy,
  signText,
} from './identity.ts'

export interface IdentityKeeperOptions {
  readonly identity: Identity
  /** Durable when it resolves. */
  readonly save: (identity: Identity) => Promise<void>
  readonly enrolment: Enrolment
  readonly wallMs: () => number
  readonly log: (text: string) => void
}

/** What one connection owes and is owed: our proof, and the centre's. */
export interface SessionProof {
  /** Why the frame is not of the centre we trust; null when it may go on. Frames of other kinds prove nothing. */
  distrust(frame: ServerFrame): string | null
  hello(nonce: string, hello: UnsignedHello): Hello
}

type KeyRole = 'current' | 'candidate'

export class IdentityKeeper {
  readonly #options: IdentityKeeperOptions
  #identity: Identity
  #writes: Promise<void> = Promise.resolve()
  /** While a new key is tried, a session that opens with the old one settles nothing. */
  #trial: Promise<boolean> | null = null

  constructor(options: IdentityKeeperOptions) {
    this.#options = options
    this.#identity = options.identity
  }

  get keyFingerprint(): string {
    return fingerprintOf(this.#identity)
  }

  get credential(): Credential | null {
    return this.#identity.credential
  }

  /**
   * For a connection that is about to be made. A hello without a credential, which is what follows a refusal, is made
   * with the candidate where there is one: the centre may have taken it just before we lost sight of each other.
   */
  open(): SessionProof {
    return this.#proof((hello) =>
      hello.credential === undefined && this.#identity.candidate !== null ? 'candidate' : 'current',
    )
  }

  /** For the connection on which the candidate is tried. */
  openTrial(): SessionProof {
    return this.#proof(() => 'candidate')
  }

  keep(credential: Credential): void {
    this.#note({ credential })
  }

  /** A key to follow this one; the same again until it is settled whether the centre took it. On disk when it resolves. */
  async makeCandidate(
    sessionId: string,
  ): Promise<{ readonly publicKey: string; readonly signature: string }> {
    const candidate = this.#identity.candidate ?? { privateKey: newPrivateKey() }
    await this.#change({ candidate })
    const publicKey = publicKeyOf(candidate)
    const { agentId } = this.#options.enrolment
    return { publicKey, signature: signText(candidate, candidateText(agentId, sessionId, publicKey)) }
  }

  /**
   * Runs a trial of the candidate. When it holds the old key is gone; when the centre refused it, the candidate is. One
   * that is under way is not begun again: both who ask have its outcome.
   */
  tryCandidate(
    trial: () => Promise<'holds' | 'refused' | 'unclear'>,
    credential: Credential,
  ): Promise<boolean> {
    this.#trial ??= this.#try(trial, credential).finally(() => {
      this.#trial = null
    })
    return this.#trial
  }

  async #try(
    trial: () => Promise<'holds' | 'refused' | 'unclear'>,
    credential: Credential,
  ): Promise<boolean> {
    const { candidate } = this.#identity
    if (candidate === null) return false
    const outcome = await trial()
    if (outcome === 'holds') {
      await this.#change({ privateKey: candidate.privateKey, candidate: null, credential })
      this.#options.log('this agent has a new key; the old one is gone')
      return true
    }
    if (outcome === 'refused') await this.#change({ candidate: null })
    return false
  }

  #proof(roleOf: (hello: UnsignedHello) => KeyRole): SessionProof {
    const { agentId } = this.#options.enrolment
    const centreNonce = randomBytes(32).toString('base64url')
    let nonce = ''
    let role: KeyRole = 'current'
    let believed: { readonly pin: Pin | null; readonly key: string | null } = { pin: null, key: null }
    return {
      distrust: (frame) => {
        if (frame.kind === 'challenge') {
          nonce = frame.nonce
          const rules = { verify: signedBy, wallMs: this.#options.wallMs() }
          const trust = judgeCentre(this.#identity.centre, frame.centre, rules)
          if (trust.kind === 'distrusted') return trust.reason
          believed = trust
        }
        if (frame.kind === 'welcome') {
          const session = { agentId, nonce, centreNonce, sessionId: frame.sessionId }
          const reason = judgeProof(believed.key, frame.proof, session, signedBy)
          if (reason !== null) return reason
          this.#welcomed(believed.pin, role)
        }
        return null
      },
      hello: (to, hello) => {
        role = roleOf(hello)
        const key = (role === 'candidate' ? this.#identity.candidate : null) ?? this.#identity
        return { ...hello, centreNonce, signature: signText(key, challengeText(to, hello.agentId)) }
      },
    }
  }

  #welcomed(pin: Pin | null, role: KeyRole): void {
    const { centre, candidate } = this.#identity
    if (pin !== null && pin.key !== centre?.key) {
      const how =
        centre === null ? 'trusted from now on, as the first that answered' : 'endorsed by the one before it'
      this.#options.log(`the centre's key is ${keyName(pin.key)}: ${how}`)
      this.#note({ centre: pin })
    }
    if (candidate === null || this.#trial !== null) return
    // The centre knows one of the two, and this was it.
    const privateKey = role === 'candidate' ? candidate.privateKey : this.#identity.privateKey
    this.#note({ privateKey, candidate: null })
  }

  /** For what another try would bring back: that it could not be written is said, and no more. */
  #note(facts: Partial<Identity>): void {
    this.#change(facts).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error)
      this.#options.log(`this agent's identity cannot be written: ${why}`)
    })
  }

  #change(facts: Partial<Identity>): Promise<void> {
    this.#identity = { ...this.#identity, ...facts }
    const identity = this.#identity
    const written = this.#writes.then(() => this.#options.save(identity))
    this.#writes = written.catch(() => {})
    return written
  }
}
