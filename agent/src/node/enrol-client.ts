/** `POST /agent/v1/enrol`, over TCP, TLS or a unix socket. */
import { type EnrolRequest, EnrolResponse } from '@aloft/shared/protocol/frames'
import type { CentreAddress } from './centre-address.ts'
import { postToCentre } from './centre-request.ts'
import { describe, retryAfterMs } from './web-socket-link.ts'

export type EnrolOutcome =
  | { readonly kind: 'enrolled'; readonly answer: EnrolResponse }
  /** The centre said no, and why. Asking again will hardly help. */
  | { readonly kind: 'refused'; readonly detail: string }
  | { readonly kind: 'unreachable'; readonly detail: string; readonly retryAfterMs: number | null }

const TIMEOUT_MS = 15_000
const ANSWER_BYTES_MAX = 64 * 1024

/** Never rejects. */
export async function enrol(address: CentreAddress, request: EnrolRequest): Promise<EnrolOutcome> {
  try {
    const { status, text, retryAfter } = await postToCentre(address, {
      path: '/agent/v1/enrol',
      body: JSON.stringify(request),
      answerBytesMax: ANSWER_BYTES_MAX,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    if (status === 429 || status === 408 || status >= 500)
      return {
        kind: 'unreachable',
        detail: problemDetail(status, text),
        retryAfterMs: retryAfterMs(retryAfter),
      }
    if (status >= 300) return { kind: 'refused', detail: problemDetail(status, text) }
    const answer = EnrolResponse.safeParse(parse(text))
    if (answer.success) return { kind: 'enrolled', answer: answer.data }
    return { kind: 'refused', detail: `${address.text} does not answer like an Aloft control plane` }
  } catch (error) {
    const detail = error instanceof Error ? describe(error) : String(error)
    return { kind: 'unreachable', detail, retryAfterMs: null }
  }
}

/** The `detail` of an RFC 9457 problem, or what else there is to say. */
function problemDetail(status: number, text: string): string {
  const problem = parse(text)
  if (typeof problem === 'object' && problem !== null) {
    if ('detail' in problem && typeof problem.detail === 'string') return problem.detail
    if ('title' in problem && typeof problem.title === 'string') return problem.title
  }
  return `the centre answered ${status}`
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
