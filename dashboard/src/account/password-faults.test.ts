import { describe, expect, it } from 'vitest'
import { ApiError } from '../api/client.ts'
import { faultsFrom, faultsOf, firstFault } from './password-faults.ts'

const LONG = 'a new long password'
const filled = { current: 'the old password', next: LONG, again: LONG }

describe('what is seen to be wrong before the centre is asked', () => {
  it.each([
    ['nothing', {}, {}],
    ['no current password', { current: '' }, { current: 'enter your current password' }],
    ['no new one', { next: '', again: '' }, { next: 'enter a new password' }],
    ['one character', { next: 'x', again: 'x' }, { next: 'this has 1 character; 12 are needed' }],
    ['eleven', { next: 'x'.repeat(11), again: '' }, { next: 'this has 11 characters; 12 are needed' }],
    ['twelve', { next: 'x'.repeat(12), again: 'x'.repeat(12) }, {}],
    ['256', { next: 'x'.repeat(256), again: 'x'.repeat(256) }, {}],
    ['257', { next: 'x'.repeat(257), again: '' }, { next: 'this has 257 characters; 256 is the most' }],
    ['the current one', { current: LONG }, { next: 'the new password is the current one' }],
    ['two that differ', { again: `${LONG}s` }, { again: 'this is not what you typed above' }],
  ])('%s', (_, change, faults) => {
    expect(faultsOf({ ...filled, ...change })).toEqual(faults)
  })

  it('is all said at once, and gone to from the top', () => {
    const faults = faultsOf({ current: '', next: 'short', again: '' })
    expect(Object.keys(faults)).toEqual(['current', 'next'])
    expect(firstFault(faults)).toBe('current')
    expect(firstFault({ again: 'x', next: 'y' })).toBe('next')
    expect(firstFault({ current: undefined })).toBeNull()
  })
})

describe('what the centre says is wrong', () => {
  it('stands beside the field it names', () => {
    const wrong = [{ pointer: '/current', message: 'that is not the current password' }]
    expect(faultsFrom(new ApiError(403, 'no', wrong))).toEqual({
      current: 'that is not the current password',
    })
    expect(faultsFrom(new ApiError(400, 'no', [{ pointer: '/new', message: 'too short' }]))).toEqual({
      next: 'too short',
    })
  })

  it('stands above the form when it names none, or none that is there', () => {
    const why = 'too many attempts went wrong; try again in 4 s'
    expect(faultsFrom(new ApiError(429, why))).toEqual({ form: why })
    expect(faultsFrom(new ApiError(400, why, [{ pointer: '/other', message: 'x' }]))).toEqual({ form: why })
  })

  it('an answer that was lost may have been a yes', () => {
    const { form } = faultsFrom(new ApiError(0, 'It cannot be reached.'))
    expect(form).toMatch(/^It cannot be reached\. It may have changed the password/)
  })
})
