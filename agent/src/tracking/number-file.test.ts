import { expect, it } from 'vitest'
import { parseNumberFile } from './number-file.ts'

it.each([
  ['0', 0],
  ['12\n', 12],
  [' -5 ', -5],
  ['+7', 7],
  ['-0', 0],
  ['007', 7],
  ['', 0],
  ['\n', 0],
])('%j says %d', (text, value) => expect(parseNumberFile(text)).toEqual({ value }))

it.each(['5 6', '1.5', '0x10', 'drain', '1e3', '--1', '1234567890', '5\u0000', '５'])(
  '%j says nothing, and why',
  (text) =>
    expect(parseNumberFile(text)).toEqual({ problem: expect.stringContaining('not one whole number') }),
)
