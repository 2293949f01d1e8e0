import { expect, it } from 'vitest'
import { fingerprintOf, publicKeyOf } from './identity.ts'

/** RFC 8410 §10.3. */
const privateKey =
  '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n'

it('the fingerprint of a key is the digest of its SPKI, in base64', () => {
  expect(publicKeyOf({ privateKey })).toBe('MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=')
  // openssl pkey -pubout -outform DER | openssl dgst -sha256 -binary | base64
  expect(fingerprintOf({ privateKey })).toBe('SHA256:oekVYFTgT6yJmunydRMs3Ael28TqLCrTof/G4NJTaB8')
})
