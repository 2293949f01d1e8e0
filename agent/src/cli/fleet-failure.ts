import { ApiProblem, UnexpectedAnswer, Unreachable } from '@aloft/client/problem'

/** What went wrong with the control plane, in words that name the remedy; null when it is something else. */
export function fleetFailure(error: unknown): string | null {
  if (error instanceof ApiProblem) return problemText(error)
  if (error instanceof UnexpectedAnswer) return error.message
  if (!(error instanceof Unreachable)) return null
  return error.message.startsWith('no control plane answers')
    ? `${error.message}; ${remedyFor(error.code)}`
    : error.message
}

/** Whether the control plane cannot make anything of what it was given: the command was written wrongly. */
export function isMisunderstood(error: unknown): boolean {
  return error instanceof ApiProblem && error.status === 400
}

const NOT_TRUSTED = /SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|CERT_UNTRUSTED|ISSUER/

function remedyFor(code: string): string {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return 'its certificate is for another name: give --url as the certificate has it'
  if (NOT_TRUSTED.test(code))
    return 'its certificate is of nobody this machine trusts: give NODE_EXTRA_CA_CERTS the file of its CA'
  if (code === 'CERT_HAS_EXPIRED') return 'its certificate has expired: whoever runs it must renew it'
  if (code === 'CERT_NOT_YET_VALID')
    return 'its certificate is not valid yet: is the clock of this machine right?'
  if (/SSL|EPROTO|WRONG_VERSION/.test(code))
    return 'it does not speak TLS there: is it http:// and not https://?'
  if (/^HPE_|UND_ERR_SOCKET|ECONNRESET/.test(code)) return 'it does not speak http there: is it https://?'
  if (/ENOTFOUND|EAI_AGAIN/.test(code)) return 'this machine finds no such name: set ALOFT_URL or give --url'
  return 'set ALOFT_URL or give --url'
}

/** RFC 9457 as text: the detail where there is one, or the faults it names, in the words of the command line. */
function problemText({ message, status, problem, requestId }: ApiProblem): string {
  const faults = (problem.errors ?? []).map(({ pointer, message: fault }) =>
    pointer.startsWith('?') ? `${optionOf(pointer)}: ${fault}` : `${pointer.slice(1)}: ${fault}`,
  )
  const advice = status === 401 ? '; check ALOFT_TOKEN or --token' : ''
  // Who runs the control plane finds it in the log by this.
  const request = status >= 500 && requestId !== null ? `, request ${requestId}` : ''
  const said = problem.errors?.length === 1 && problem.errors[0]?.message !== message ? faults[0] : message
  const rest = faults.length > 1 ? faults.map((fault) => `\n  ${fault}`).join('') : ''
  return `${said}${advice} (${status}${request})${rest}`
}

/** `?orderBy` → `--order-by`. */
function optionOf(pointer: string): string {
  return `--${pointer.slice(1).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}
