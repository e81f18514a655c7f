import { median } from './statistics.ts'

/** What all trials gave, by the name of the figure. */
export type Figures = Map<string, number[]>

export function add(figures: Figures, name: string, value: number): void {
  figures.set(name, [...(figures.get(name) ?? []), value])
}

/** Rows of cells: the name, median, minimum and maximum, and the ratio to the limit. */
export function rowsOf(figures: Figures): string[][] {
  return [...figures].map(([name, trials]) => [
    ...[name, shown(median(trials)), shown(Math.min(...trials)), shown(Math.max(...trials))],
    ofLimit(name, figures),
  ])
}

export const HEADER = ['figure', 'median', 'min', 'max', '÷ raw']

/** @param words columns from the left that hold words: the others hold numbers */
export function text(header: string[], rows: string[][], words = 1): string {
  const all = [header, ...rows]
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column]!.length)))
  const line = (row: string[]): string =>
    row
      .map((cell, i) => (i < words ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
  return all.map(line).join('\n')
}

export function markdown(header: string[], rows: string[][], words = 1): string {
  const lines = [header, header.map((_, i) => (i < words ? '---' : '---:')), ...rows]
  return lines.map((row) => `| ${row.join(' | ')} |`).join('\n')
}

export function shown(value: number): string {
  return value >= 1_000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)
}

/** A rate against the limit that was measured in the same run, under the same conditions. */
function ofLimit(name: string, figures: Figures): string {
  const [what = '', ...conditions] = name.split(' · ')
  if (!what.endsWith('/s') || what.startsWith('raw')) return ''
  const limit = what.startsWith('enqueue') ? 'raw insert/s' : 'raw life/s'
  // The limit has no threads.
  const label = conditions.join().replace(/, \d+ threads?$/, '')
  const trials = figures.get(label === '' ? limit : `${limit} · ${label}`)
  return trials === undefined ? '' : (median(figures.get(name)!) / median(trials)).toFixed(2)
}
