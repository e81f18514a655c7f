import { median } from './statistics.ts'
import { shown, type Table } from './table.ts'

/** What all trials gave, by the name of the figure. */
export type Figures = Map<string, number[]>

export function add(figures: Figures, name: string, value: number): void {
  figures.set(name, [...(figures.get(name) ?? []), value])
}

/** Of each figure the median, the minimum, the maximum, and the ratio to the limit. */
export function figureTable(figures: Figures): Table {
  const rows = [...figures].map(([name, trials]) => [
    ...[name, shown(median(trials)), shown(Math.min(...trials)), shown(Math.max(...trials))],
    ofLimit(name, figures),
  ])
  return { header: ['figure', 'median', 'min', 'max', '÷ raw'], rows }
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
