import { expect, test } from 'vitest'
import { LineReader, parseMessage } from './json-lines.ts'

test('lines are whole however the bytes arrive', () => {
  const bytes = Buffer.from('{"kind":"ä"}\nzwei\n\ndrei')
  for (let size = 1; size <= bytes.length; size++) {
    const reader = new LineReader(100)
    const read: string[] = []
    for (let at = 0; at < bytes.length; at += size) {
      for (const result of reader.push(bytes.subarray(at, at + size))) {
        if ('line' in result) read.push(result.line)
      }
    }
    expect(read).toEqual(['{"kind":"ä"}', 'zwei', ''])
  }
})

test.each([
  ['in one piece with its end', ['123456\n']],
  ['without an end', ['123', '456']],
])('a line beyond the bound is refused: %s', (_, pieces) => {
  const reader = new LineReader(5)
  const results = pieces.flatMap((piece) => [...reader.push(Buffer.from(piece))])
  expect(results).toEqual([{ tooLong: true }])
})

test('a line of exactly the bound is read', () => {
  expect([...new LineReader(5).push(Buffer.from('12345\n'))]).toEqual([{ line: '12345' }])
})

test.each(['', 'x', '1', 'null', '[]', '{}', '{"kind":1}', '"kind"'])('%j is no message', (line) => {
  expect(parseMessage(line)).toBeNull()
})

test('an object with a kind is a message', () => {
  expect(parseMessage('{"kind":"status","id":1}')).toEqual({ kind: 'status', id: 1 })
})
