import { median } from '../statistics.ts'
import { shown, type Table } from '../table.ts'
import { SCENARIOS, type Contender, type Scenario } from './contenders.ts'
import { jobsOf, type Figures, type Work } from './trials.ts'

/** The results of a contender's trials in one scenario. */
export interface Row {
  scenario: Scenario
  name: string
  jobs: number
  /** Jobs a second, as are `min`, `max` and `trials`. */
  median: number
  min: number
  max: number
  trials: number[]
  /** By reference: the median of the reference ÷ this median; NaN if the reference has none. */
  ratios: Record<string, number>
  handlers: string
  survives: string
  note: string
}

/** The peers are compared with helve's default, and with helve as durable as most peers. */
const REFERENCES = ['helve', 'helve, process']

const TITLES: Record<Scenario, string> = {
  life: 'Whole life: enqueued one by one, 1,000 in flight, and run at the same time',
  drain: 'Drain: a queue that was filled before; includes the start of the workers',
}

export function rowsOf(figures: Figures, work: Work): Row[] {
  return SCENARIOS.flatMap((scenario) =>
    [...figures.rates]
      .filter(([, rates]) => rates[scenario].length > 0)
      .map(([contender, rates]) => rowOf(contender, scenario, rates[scenario], figures, work)),
  )
}

function rowOf(
  contender: Contender,
  scenario: Scenario,
  trials: number[],
  { rates }: Figures,
  work: Work,
): Row {
  const { name, handlers, survives, note } = contender
  const ofReference = (reference: string): number =>
    median([...rates].find(([one]) => one.name === reference)?.[1][scenario] ?? [])
  return {
    ...{ scenario, name, jobs: jobsOf(contender, scenario, work) },
    ...{ median: median(trials), min: Math.min(...trials), max: Math.max(...trials), trials },
    ratios: Object.fromEntries(
      REFERENCES.map((reference) => [reference, ofReference(reference) / median(trials)]),
    ),
    ...{ handlers: handlers(work.threads), survives, note },
  }
}

/** One table for each scenario. */
export function tablesOf(rows: Row[]): Table[] {
  const ratios = REFERENCES.map((name) => `${name} ÷ it`)
  const words = ['contender', 'handlers on', 'acknowledged jobs survive']
  return SCENARIOS.map((scenario) => ({
    title: TITLES[scenario],
    header: [...words, 'jobs', 'jobs/s', 'min', 'max', ...ratios],
    rows: rows.filter((row) => row.scenario === scenario).map(cellsOf),
    words: words.length,
  }))
}

function cellsOf(row: Row): string[] {
  return [
    ...[row.name, row.handlers, row.survives, row.jobs.toLocaleString('en')],
    ...[row.median, row.min, row.max].map(shown),
    ...REFERENCES.map((name) => shownRatio(row.ratios[name]!)),
  ]
}

function shownRatio(ratio: number): string {
  if (Number.isNaN(ratio)) return '–'
  return ratio >= 100 ? ratio.toFixed(0) : ratio.toPrecision(2)
}
