/**
 * A new key, or another way to the centre, is tried on a connection of its own, beside the session, which goes on: a
 * hello with `trial` opens none, whatever becomes of it.
 */
import { CloseCode } from '@aloft/shared/protocol/close-codes'
import { decodeServerFrame, type ServerFrame } from '@aloft/shared/protocol/frames'
import type { Dialler } from '../session/link.ts'
import type { UnsignedHello } from '../session/state.ts'
import type { SessionProof } from './identity-keeper.ts'

export interface Trial {
  readonly dialler: Dialler
  readonly proof: SessionProof
  /** With the credential of the key that is tried. */
  readonly hello: UnsignedHello
  /** Why it was in vain. */
  readonly log: (why: string) => void
}

const TRIAL_MS = 30_000

/**
 * `holds`: the centre welcomed the key, and has dropped the old one. `refused`: it said no, and has not. `unclear`: the
 * answer did not come; the next session finds out.
 */
export function tryHello({ dialler, proof, hello, log }: Trial): Promise<'holds' | 'refused' | 'unclear'> {
  return new Promise((resolve) => {
    let isOver = false
    const over = (outcome: 'holds' | 'refused' | 'unclear', why: string) => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      if (outcome !== 'holds') log(why)
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
      } else if (frame.kind === 'challenge' && frame.centre === undefined) {
        // It would take a trial for a hello. That it spoke must do.
        link.passed?.()
        link.close(CloseCode.normal, 'nothing to try here')
        over('unclear', 'this centre knows no trials')
      } else if (frame.kind === 'challenge') {
        link.send(JSON.stringify(proof.hello(frame.nonce, hello)))
      } else if (frame.kind === 'welcome') {
        link.passed?.()
        link.close(CloseCode.normal, 'it holds')
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
