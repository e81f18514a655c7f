/** Rows of cells below a header. */
export interface Table {
  title?: string
  header: string[]
  rows: string[][]
  /** So many columns from the left hold words; the others hold numbers. @default 1 */
  words?: number
}

/** The table for a terminal. */
export function text({ title, ...table }: Table): string {
  const lines = padded(table).map((row) => row.join('  ').trimEnd())
  return [...(title === undefined ? [] : [title, '']), ...lines].join('\n')
}

/** The table in Markdown, in Prettier's style. */
export function markdown({ title, ...table }: Table): string {
  const [header, ...rows] = padded(table)
  const rule = header!.map(({ length }, column) =>
    isWords(table, column) ? '-'.repeat(length) : `${'-'.repeat(length - 1)}:`,
  )
  const lines = [header!, rule, ...rows].map((row) => `| ${row.join(' | ')} |`)
  return [...(title === undefined ? [] : [`**${title}**`, '']), ...lines].join('\n')
}

/** A number with three digits at least. */
export function shown(value: number): string {
  return value >= 1_000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)
}

function padded(table: Table): string[][] {
  const all = [table.header, ...table.rows]
  const widths = table.header.map((_, column) =>
    Math.max(3, ...all.map((row) => row[column]!.length)),
  )
  return all.map((row) =>
    row.map((cell, column) =>
      isWords(table, column) ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
    ),
  )
}

function isWords({ words = 1 }: Table, column: number): boolean {
  return column < words
}
