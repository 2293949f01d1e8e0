const BETWEEN = '  '
/** What a cell is not cut below: less tells nothing. */
const WIDTH_MIN = 8

/**
 * Rows under headings, columns aligned by their widest cell, two spaces between; trailing spaces cut. On a terminal that
 * is too narrow the widest columns give way, with an ellipsis; into a pipe or a file everything is written out.
 */
export function formatTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  columns: number | undefined = process.stdout.isTTY ? process.stdout.columns : undefined,
): string {
  const lines = [headings, ...rows].map((row) => row.map(printable))
  const natural = headings.map((_, column) => Math.max(...lines.map((row) => widthOf(row[column] ?? ''))))
  const widths = columns === undefined ? natural : narrowed(natural, columns)
  return lines
    .map((row) =>
      row
        .map((cell, column) => fit(cell, widths[column] ?? 0))
        .join(BETWEEN)
        .trimEnd(),
    )
    .join('\n')
}

/** Takes from the widest column, again and again, until the line fits or nothing more can be taken. */
function narrowed(natural: readonly number[], columns: number): readonly number[] {
  const widths = [...natural]
  let excess = widths.reduce((sum, width) => sum + width, BETWEEN.length * (widths.length - 1)) - columns
  while (excess > 0) {
    const widest = widths.indexOf(Math.max(...widths))
    const width = widths[widest] ?? 0
    if (width <= WIDTH_MIN) break
    widths[widest] = width - 1
    excess -= 1
  }
  return widths
}

function fit(cell: string, width: number): string {
  const own = widthOf(cell)
  if (own <= width) return cell + ' '.repeat(width - own)
  return `${[...cell].slice(0, Math.max(0, width - 1)).join('')}…`
}

/** In characters, not in UTF-16 units. */
function widthOf(cell: string): number {
  return [...cell].length
}

/** What comes over the network must not steer the reader's terminal. */
export function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, '·')
}

/** A cell for what may be missing. */
export function orDash(value: string | number | null | undefined): string {
  return value === null || value === undefined ? '-' : String(value)
}

/** `rack=7 role=edge`, by key; a dash for none, and where the centre is too old to know of any. */
export function showLabels(labels: Readonly<Record<string, string>> = {}): string {
  const shown = Object.entries(labels).map(([key, value]) => `${key}=${value}`)
  return shown.length === 0 ? '-' : shown.sort().join(' ')
}
