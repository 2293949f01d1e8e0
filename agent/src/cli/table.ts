const BETWEEN = '  '
/** What a cell is not cut below: less tells nothing. */
const WIDTH_MIN = 8

/** How a column gives way on a narrow terminal. One that is only a heading is cut when all else is not enough. */
export interface Column {
  readonly title: string
  /** Not cut: cut, an id is of no use to the next command. */
  readonly whole?: true
  /** Cut before anything is left out, but not below so many characters: lists, whose beginning tells most. */
  readonly soft?: number
  /** Left out, the highest first; the table then says so. */
  readonly spare?: number
}

/**
 * Rows under headings, columns aligned by their widest cell, two spaces between; trailing spaces cut. On a terminal that
 * is too narrow columns give way as they say; into a pipe or a file everything is written out.
 */
export function formatTable(
  headings: readonly (string | Column)[],
  rows: readonly (readonly string[])[],
  terminal: number | undefined = process.stdout.isTTY ? process.stdout.columns : undefined,
): string {
  const columns = headings.map((heading, at) => {
    const column: Column = typeof heading === 'string' ? { title: heading } : heading
    const cells = [column.title, ...rows.map((row) => row[at] ?? '')].map(printable)
    return { ...column, cells, width: Math.max(...cells.map(widthOf)) }
  })
  const { shown, left } = terminal === undefined ? { shown: columns, left: [] } : fitted(columns, terminal)
  const lines = [undefined, ...rows].map((_, line) =>
    shown
      .map(({ cells, width }) => fit(cells[line] ?? '', width))
      .join(BETWEEN)
      .trimEnd(),
  )
  if (left.length > 0) lines.push(`Not shown for want of width: ${left.join(', ')}.`)
  return lines.join('\n')
}

interface Sized extends Column {
  readonly cells: readonly string[]
  readonly width: number
}

/** What is soft is cut, then what is spare left out, then cut whatever may be, until the line fits. */
function fitted(
  all: readonly Sized[],
  terminal: number,
): { readonly shown: readonly Sized[]; readonly left: readonly string[] } {
  let columns = all
  let shown = narrowed(columns, terminal, leastOfSoft)
  while (lineOf(shown) > terminal) {
    const spare = Math.max(...columns.map((column) => column.spare ?? 0))
    if (spare <= 0) break
    columns = columns.filter((column) => column.spare !== spare)
    shown = narrowed(columns, terminal, leastOfSoft)
  }
  shown = narrowed(shown, terminal, ({ whole, width }) => (whole ? width : WIDTH_MIN))
  return { shown, left: all.filter((column) => !columns.includes(column)).map(({ title }) => title) }
}

const leastOfSoft = ({ soft, width }: Sized) => soft ?? width

/** Takes from the widest column that has more than its least, again and again, until the line fits or nothing more can be taken. */
function narrowed(
  columns: readonly Sized[],
  terminal: number,
  leastOf: (column: Sized) => number,
): readonly Sized[] {
  const widths = columns.map(({ width }) => width)
  for (let excess = lineOf(columns) - terminal; excess > 0; excess--) {
    const cuttable = widths.map((width, at) => (columns[at] && width > leastOf(columns[at]) ? width : 0))
    const widest = cuttable.indexOf(Math.max(...cuttable))
    if ((cuttable[widest] ?? 0) === 0) break
    widths[widest] = (widths[widest] ?? 0) - 1
  }
  return columns.map((column, at) => ({ ...column, width: widths[at] ?? 0 }))
}

function lineOf(columns: readonly Sized[]): number {
  return columns.reduce((sum, { width }) => sum + width, BETWEEN.length * (columns.length - 1))
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
