import { describe, expect, it } from 'vitest'
import { GROUP, OWNER, RESIGN } from './virtual-router.ts'

describe('the words of the wire', () => {
  it('RFC 9568 §5.1.1.2, §5.1.2.2: advertisements go to 224.0.0.18 and ff02::12', () => {
    expect(GROUP).toEqual({ ipv4: '224.0.0.18', ipv6: 'ff02::12' })
  })

  it('RFC 9568 §5.2.4: the owner has priority 255, and 0 resigns', () => {
    expect([OWNER, RESIGN]).toEqual([255, 0])
  })
})
