/** A new key is tried on a connection of its own, beside the session, which goes on under the old one. */
import { CloseCode } from '@aloft/shared/protocol/close-codes'
import { decodeServerFrame, type ServerFrame } from '@aloft/shared/protocol/frames'
import type { Dialler } from '../session/link.ts'
import type { UnsignedHello } from '../session/state.ts'
import type { SessionProof } from './identity-keeper.ts'

export interface KeyTrial {
  readonly dialler: Dialler
  readonly proof: SessionProof
  /** With the candidate's credential. */
  readonly hello: UnsignedHello
  readonly log: (text: string) => void
}

const TRIAL_MS = 30_000

/**
 * `holds`: the centre welcomed the key, and has dropped the old one. `refused`: it said no, and has not. `unclear`: the
 * answer did not come; the next session finds out.
 */
export function tryKey({ dialler, proof, hello, log }: KeyTrial): Promise<'holds' | 'refused' | 'unclear'> {
  return new Promise((resolve) => {
    let isOver = false
    const over = (outcome: 'holds' | 'refused' | 'unclear', why: string) => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      if (outcome !== 'holds') log(`the new key was tried in vain: ${why}; the old one stays`)
      resolve(outcome)
    }
    const timer = setTimeout(() => {
      link.close(CloseCode.tryLater, 'no welcome in time')
      over('unclear', 'no welcome in time')
    }, TRIAL_MS)
    const hear = (frame: ServerFrame) => {
      const why = proof.distrust(frame)
      if (why !== null) {
        link.close(CloseCode.wrongCentre, why)
        over('unclear', why)
      } else if (frame.kind === 'challenge') {
        link.send(JSON.stringify(proof.hello(frame.nonce, hello)))
      } else if (frame.kind === 'welcome') {
        link.close(CloseCode.normal, 'the key holds')
        over('holds', '')
      }
    }
    const link = dialler.dial({
      opened: () => {},
      alive: () => {},
      message: (text) => {
        const frame = decodeServerFrame(text)
        if (!isOver && !('malformed' in frame)) hear(frame)
      },
      closed: (code, reason) => over(code === CloseCode.unauthorised ? 'refused' : 'unclear', reason),
    })
  })
}
