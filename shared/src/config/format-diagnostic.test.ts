import { expect, it } from 'vitest'
import type { Diagnostic } from './diagnostic.ts'
import { formatDiagnostic } from './format-diagnostic.ts'

const finding: Diagnostic = {
  severity: 'error',
  code: 'out-of-range',
  message: 'vrid must be 1 to 255',
  line: 2,
  column: 5,
  path: 'virtualRouters[0].vrid',
  hint: 'write 1',
}

it('shows the place, the line with a caret, and the remedy', () => {
  expect(formatDiagnostic(finding, 'a.yaml', 'x\r\n  - vrid: 0\r\n')).toBe(
    [
      'a.yaml:2:5: error: virtualRouters[0]: vrid must be 1 to 255 [out-of-range]',
      '  2 |   - vrid: 0',
      '    |     ^',
      '  = write 1',
    ].join('\n'),
  )
})

it('leaves out a line that is not there, and a remedy that is null', () => {
  const text = formatDiagnostic({ ...finding, line: 9, hint: null, path: '' }, 'a.yaml', '')
  expect(text).toBe('a.yaml:9:5: error: vrid must be 1 to 255 [out-of-range]')
})

it('cuts a long line around the caret and lets no escape sequence through', () => {
  const source = `${'a'.repeat(300)}\u001b[31m${'b'.repeat(300)}`
  const [, shown = '', caret = ''] = formatDiagnostic(
    { ...finding, line: 1, column: 301 },
    'a',
    source,
  ).split('\n')
  expect(shown.length).toBe(106)
  expect(shown[caret.indexOf('^')]).toBe('·')
  expect(shown).not.toContain('\u001b')
})
