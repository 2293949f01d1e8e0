/** Rows under headings, columns aligned by their widest cell, two spaces between; trailing spaces cut. */
export function formatTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [headings, ...rows].map((row) => row.map(printable))
  const widths = headings.map((_, column) => Math.max(...lines.map((row) => row[column]?.length ?? 0)))
  return lines
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** What comes over the network must not steer the reader's terminal. */
export function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, '·')
}

/** A cell for what may be missing. */
export function orDash(value: string | number | null | undefined): string {
  return value === null || value === undefined ? '-' : String(value)
}
