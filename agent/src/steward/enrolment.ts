/** Becoming known to the control plane: a key made here, a one-time token, and patience. */
import { setTimeout as sleep } from 'node:timers/promises'
import { enrolmentText } from '@aloft/shared/protocol/frames'
import type { CentreAddress } from '../node/centre-address.ts'
import { enrol } from '../node/enrol-client.ts'
import { FIRST_RETRY, waitAfter, waitAsTold } from '../session/back-off.ts'
import { keyName } from '../session/centre-trust.ts'
import {
  type Enrolment,
  fingerprintOf,
  type Identity,
  loadIdentity,
  makeIdentity,
  publicKeyOf,
  saveIdentity,
  signText,
} from './identity.ts'
import { SOFTWARE } from './software.ts'

export interface EnrolmentOptions {
  readonly identityFile: string
  /** URLs of one centre: the next is asked when one cannot be reached. */
  readonly centres: readonly [CentreAddress, ...CentreAddress[]]
  readonly token: string | null
  readonly node: string
  readonly signal: AbortSignal
  readonly log: (text: string) => void
  readonly report: (state: 'connecting' | 'refused' | 'not-enrolled', detail: string | null) => void
}

export interface Enrolled {
  readonly identity: Identity
  readonly enrolment: Enrolment
}

const REMEDY =
  'make a token with `aloft token create --site SITE` and start the agent once with --enrolment-token TOKEN'

/**
 * The identity to connect with. Without one it enrols, for as long as it takes: the key is durable before the centre
 * hears of it, so that a crash in between leads to the same request again, which the centre takes for the retry it is.
 * Null when there is nothing to enrol with; rejects only when `signal` aborts.
 */
export async function ensureEnrolled(options: EnrolmentOptions): Promise<Enrolled | null> {
  const { identityFile, log, report } = options
  let identity: Identity | null
  try {
    identity = loadIdentity(identityFile)
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    log(detail)
    report('not-enrolled', detail)
    return null
  }
  if (identity?.enrolment) return { identity, enrolment: identity.enrolment }
  if (options.token === null) {
    log(`not enrolled: ${REMEDY}`)
    report('not-enrolled', `not enrolled: ${REMEDY}`)
    return null
  }
  if (identity === null) {
    identity = makeIdentity()
    await saveIdentity(identityFile, identity)
  }
  return redeem(options, identity, options.token)
}

async function redeem(options: EnrolmentOptions, identity: Identity, token: string): Promise<Enrolled> {
  const { centres, node, signal, log, report } = options
  const publicKey = publicKeyOf(identity)
  const signature = signText(identity, enrolmentText(token, node, publicKey))
  let retry = FIRST_RETRY
  let said = ''
  for (let attempt = 0; ; attempt++) {
    const centre = centres[attempt % centres.length] ?? centres[0]
    const outcome = await enrol(centre, { token, node, publicKey, signature, software: SOFTWARE })
    if (outcome.kind === 'enrolled') {
      const { agentId, site, credential, centre: name, pending } = outcome.answer
      const enrolment = { agentId, site, node: outcome.answer.node, enrolledWallMs: Date.now() }
      const pin = name === undefined ? null : { key: name.key, previous: null }
      const enrolled = { ...identity, enrolment, centre: pin, credential: credential ?? null }
      await saveIdentity(options.identityFile, enrolled)
      const key = name === undefined ? '' : `; the centre's key is ${keyName(name.key)}`
      log(`enrolled at site ${enrolment.site} as ${enrolment.node}${key}`)
      if (pending) {
        log('somebody must approve this node before the centre lets it in; its VRRP does not wait')
        const fingerprint = fingerprintOf(identity)
        log(
          `to let it in: aloft agents approve ${enrolment.site}/${enrolment.node} --fingerprint ${fingerprint}`,
        )
      }
      return { identity: enrolled, enrolment }
    }
    const isRefused = outcome.kind === 'refused'
    const detail = isRefused ? `enrolment refused: ${outcome.detail}` : `cannot enrol yet: ${outcome.detail}`
    if (detail !== said) log(detail)
    said = detail
    report(isRefused ? 'refused' : 'connecting', detail)
    const [next, waitMs] = waitAfter(retry, { kind: isRefused ? 'incompatible' : 'failed' }, Math.random())
    retry = next
    const told = outcome.kind === 'unreachable' ? outcome.retryAfterMs : null
    await sleep(told === null ? waitMs : waitAsTold(told, Math.random()), undefined, { signal })
  }
}
