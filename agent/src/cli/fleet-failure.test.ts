import { Unreachable } from '@aloft/client/problem'
import { expect, it } from 'vitest'
import { fleetFailure } from './fleet-failure.ts'

/** What Node says of a centre that is not there, or is not what the URL says. */
it.each([
  ['ECONNREFUSED', 'set ALOFT_URL or give --url'],
  ['ENOTFOUND', 'this machine finds no such name: set ALOFT_URL or give --url'],
  ['EAI_AGAIN', 'this machine finds no such name: set ALOFT_URL or give --url'],
  [
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'its certificate is for another name: give --url as the certificate has it',
  ],
  ...['DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'].map(
    (code) => [
      code,
      'its certificate is of nobody this machine trusts: give NODE_EXTRA_CA_CERTS the file of its CA',
    ],
  ),
  ['CERT_HAS_EXPIRED', 'its certificate has expired: whoever runs it must renew it'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'it does not speak TLS there: is it http:// and not https://?'],
  ['UND_ERR_SOCKET', 'it does not speak http there: is it https://?'],
  ['HPE_INVALID_CONSTANT', 'it does not speak http there: is it https://?'],
])('%s is told with what to do', (code = '', remedy) => {
  const message = `no control plane answers at https://b (${code})`
  expect(fleetFailure(new Unreachable(message, code))).toBe(`${message}; ${remedy}`)
})

it('what did not come in time, or broke off, is told as it is', () => {
  const message = 'the control plane at http://b did not answer within 15s'
  expect(fleetFailure(new Unreachable(message, 'timeout'))).toBe(message)
  expect(fleetFailure(new Error('x'))).toBeNull()
})
