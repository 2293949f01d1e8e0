/** How the agent itself ends a session, and what kind of end a close code means for the next attempt. */
import { CloseCode } from '@aloft/shared/protocol/close-codes'
import type { MalformedFrame } from '@aloft/shared/protocol/frames'
import type { Ending } from './back-off.ts'

export interface Farewell {
  readonly code: CloseCode
  readonly reason: string
}

/** RFC 6455 §7.1.5: what a connection that ended without a close frame has for a code. */
export const NO_CLOSE_FRAME: number = 1006

export function endingOf(code: number): Ending {
  switch (code) {
    case CloseCode.unauthorised:
      return { kind: 'unauthorised' }
    case CloseCode.unsupportedVersion:
    case CloseCode.quarantined:
    case CloseCode.wrongCentre:
      return { kind: 'incompatible' }
    case CloseCode.pending:
      return { kind: 'pending' }
    case CloseCode.superseded:
      return { kind: 'superseded' }
    default:
      return { kind: 'failed' }
  }
}

/** A kind this version does not know ends the session as unsupported; any other nonsense as a protocol error. */
export function farewellTo({ malformed, unknownKind }: MalformedFrame): Farewell {
  return unknownKind
    ? { code: CloseCode.unsupportedVersion, reason: `a frame of an unknown kind (${malformed})` }
    : { code: CloseCode.protocolError, reason: `malformed frame: ${malformed}` }
}
