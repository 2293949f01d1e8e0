import type { Diagnostic } from './diagnostic.ts'

const SNIPPET_WIDTH = 100

/**
 * A diagnostic as a compiler shows one: `FILE:LINE:COLUMN: error: …`, the line itself, a caret under the place, the
 * remedy. `source` is the text the diagnostic is about.
 */
export function formatDiagnostic(diagnostic: Diagnostic, file: string, source: string): string {
  const { severity, code, message, line, column, path, hint } = diagnostic
  // Messages name their own key; what is left to say is which router.
  const around = path.replace(/\.?[^.[\]]+(\[\d+\])*$/, '')
  const where = around === '' ? '' : `${around}: `
  const lines = [`${file}:${line}:${column}: ${severity}: ${where}${message} [${code}]`]
  const written = source.split('\n')[line - 1]
  if (written !== undefined && written.trim() !== '') lines.push(...snippet(written, line, column))
  if (hint !== null) lines.push(`  = ${hint}`)
  return lines.join('\n')
}

/** One line with a caret. Long lines are cut around the caret; characters a terminal would act on become a dot. */
function snippet(written: string, line: number, column: number): string[] {
  const start = Math.max(0, Math.min(column - SNIPPET_WIDTH / 2, written.length - SNIPPET_WIDTH))
  const shown = printable(written.slice(start, start + SNIPPET_WIDTH).trimEnd())
  const margin = String(line)
  return [
    `  ${margin} | ${shown}`,
    `  ${' '.repeat(margin.length)} | ${' '.repeat(Math.max(0, column - 1 - start))}^`,
  ]
}

function printable(text: string): string {
  return text.replaceAll('\t', ' ').replaceAll(/[^ -~\u00a0-\uffff]/g, '·')
}
