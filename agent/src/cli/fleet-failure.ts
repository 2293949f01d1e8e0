import { ApiProblem, UnexpectedAnswer, Unreachable } from '@aloft/client/problem'

/** What went wrong with the control plane, in words that name the remedy; null when it is something else. */
export function fleetFailure(error: unknown): string | null {
  if (error instanceof ApiProblem) return problemText(error)
  if (error instanceof UnexpectedAnswer) return error.message
  if (!(error instanceof Unreachable)) return null
  const isNobody = error.message.startsWith('no control plane answers')
  return isNobody ? `${error.message}; set ALOFT_URL or give --url` : error.message
}

/** RFC 9457 as text: the detail where there is one, and a line for each fault it names. */
function problemText({ message, status, problem, requestId }: ApiProblem): string {
  const faults = (problem.errors ?? []).map(({ pointer, message: fault }) => `\n  ${pointer}: ${fault}`)
  const advice = status === 401 ? '; check ALOFT_TOKEN or --token' : ''
  // Who runs the control plane finds it in the log by this.
  const request = status >= 500 && requestId !== null ? `, request ${requestId}` : ''
  return `${message}${advice} (${status}${request})${faults.join('')}`
}
