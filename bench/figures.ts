import { median } from './statistics.ts'
import { shown, type Table } from './table.ts'

/** The values of all trials, by the name of the figure. */
export type Figures = Map<string, number[]>

export function add(figures: Figures, name: string, value: number): void {
  figures.set(name, [...(figures.get(name) ?? []), value])
}

/** One row for each figure: its median, minimum and maximum, and its ratio to the limit. */
export function figureTable(figures: Figures): Table {
  const rows = [...figures].map(([name, trials]) => [
    ...[name, shown(median(trials)), shown(Math.min(...trials)), shown(Math.max(...trials))],
    ofLimit(name, figures),
  ])
  return { header: ['figure', 'median', 'min', 'max', '÷ raw'], rows }
}

/** A rate ÷ the limit of the same run under the same conditions; empty for any other figure. */
function ofLimit(name: string, figures: Figures): string {
  const [what = '', ...conditions] = name.split(' · ')
  if (!what.endsWith('/s') || what.startsWith('raw')) return ''
  const limit = what.startsWith('enqueue') ? 'raw insert/s' : 'raw life/s'
  // The limit is measured without threads, so that its name has no number of threads.
  const label = conditions.join().replace(/, \d+ threads?$/, '')
  const trials = figures.get(label === '' ? limit : `${limit} · ${label}`)
  return trials === undefined ? '' : (median(figures.get(name)!) / median(trials)).toFixed(2)
}
