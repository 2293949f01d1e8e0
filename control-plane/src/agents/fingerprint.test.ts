import { expect, it } from 'vitest'
import { fingerprintOf } from './fingerprint.ts'

it('the fingerprint of a key is what its agent shows', () => {
  // RFC 8410 §10.3; openssl pkey -pubout -outform DER | openssl dgst -sha256 -binary | base64
  const key = 'MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE='
  expect(fingerprintOf(key)).toBe('SHA256:oekVYFTgT6yJmunydRMs3Ael28TqLCrTof/G4NJTaB8')
})
