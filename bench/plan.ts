import { ISOLATION } from './isolation.ts'
import type { Params } from './setup.ts'
import { WEBHOOKS } from './webhooks.ts'

/** Something to measure: a scenario with its parameters. */
export interface Measurement {
  scenario: string
  params: Params
  /** Added to the names of its figures. */
  label: string
  trials: number
}

export const SCENARIOS = [
  ...['raw', 'enqueue', 'enqueueMany', 'drain', 'life', 'host'],
  ...['pickup', 'pickupUnderLoad', 'headOfLine', 'turnedSlow', 'backlog', 'fullGroup', 'memory'],
  ...ISOLATION,
  ...WEBHOOKS,
]

/** The scenarios that a name on the command line stands for. */
export function named(name: string): string[] {
  if (name === 'isolation') return ISOLATION
  return name === 'webhooks' ? WEBHOOKS : [name]
}

const PAYLOADS = [100, 1_000, 16_000]
const DURABILITIES = ['power', 'process'] as const
/** The memory scenario has so many times the jobs of the others: a million with the default. */
const MEMORY = 5

/** Long scenarios, which run once: one trial of them compares many measurements. */
const ONCE = ['memory', 'backlog', 'fullGroup', ...ISOLATION, ...WEBHOOKS]

/** Every scenario with the parameters that were given. */
export function plain(scenarios: string[], params: Params, trials: number): Measurement[] {
  return scenarios.map((scenario) => {
    const once = ONCE.includes(scenario)
    const jobs = scenario === 'memory' ? params.jobs * MEMORY : params.jobs
    return { scenario, params: { ...params, jobs }, label: '', trials: once ? 1 : trials }
  })
}

/** The limit and whole lives, for each durability, payload and number of threads. */
export function matrix(params: Params, trials: number): Measurement[] {
  const threads = [...new Set([1, params.threads])]
  return DURABILITIES.flatMap((durability) =>
    PAYLOADS.flatMap((payload) => {
      const jobs = payload > 1_000 ? Math.ceil(params.jobs / 10) : params.jobs
      const cell = { ...params, durability, payload, jobs }
      const label = `${durability}, ${payload} B`
      return [
        { scenario: 'raw', params: cell, label, trials },
        ...threads.map((count) => ({
          scenario: 'life',
          params: { ...cell, threads: count },
          label: `${label}, ${count} thread${count === 1 ? '' : 's'}`,
          trials,
        })),
      ]
    }),
  )
}
