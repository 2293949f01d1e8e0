import { describe, expect, it } from 'vitest'
import { seal, unseal } from './sealed.ts'

describe('a sealed answer', () => {
  const sealed = seal('the secret', '{"token":"aloft_enrol_x"}')

  it('opens with the same secret', () =>
    expect(unseal('the secret', sealed)).toBe('{"token":"aloft_enrol_x"}'))
  it('opens with no other', () => expect(unseal('another', sealed)).toBeNull())
  it('shows nothing of what it holds', () =>
    expect(Buffer.from(sealed, 'base64url').toString('latin1')).not.toContain('token'))
  it('is another each time', () => expect(seal('the secret', 'x')).not.toBe(seal('the secret', 'x')))
  it('does not open when any byte was changed', () => {
    const bytes = Buffer.from(sealed, 'base64url')
    for (let i = 0; i < bytes.length; i++) {
      const changed = Buffer.from(bytes)
      changed[i] = (changed[i] ?? 0) ^ 1
      expect(unseal('the secret', changed.toString('base64url')), `byte ${i}`).toBeNull()
    }
  })
  it.each(['', 'AAAA', sealed.slice(0, 50)])('does not open when it is cut: %s', (cut) => {
    expect(unseal('the secret', cut)).toBeNull()
  })
})
