import type { Figures } from './figures.ts'
import { blockedHost } from './scenarios/isolation/blocked-host.ts'
import { deadEndpoints } from './scenarios/isolation/dead-endpoints.ts'
import { dyingThreads } from './scenarios/isolation/dying-threads.ts'
import { endlessLoops } from './scenarios/isolation/endless-loops.ts'
import { groupBacklog } from './scenarios/isolation/group-backlog.ts'
import { groupRate } from './scenarios/isolation/group-rate.ts'
import type { Isolation, Must, Requirements } from './scenarios/isolation/isolated.ts'
import { stalledLane } from './scenarios/isolation/stalled-lane.ts'
import { warmSpare } from './scenarios/isolation/warm-spare.ts'
import type { Params } from './setup.ts'
import { median } from './statistics.ts'
import { shown, type Table } from './table.ts'

const ISOLATIONS: Record<string, Isolation> = {
  deadEndpoints,
  endlessLoops,
  stalledLane,
  dyingThreads,
  warmSpare,
  groupBacklog,
  groupRate,
  blockedHost,
}

/** The scenarios that `isolation` stands for. */
export const ISOLATION = Object.keys(ISOLATIONS)

/** By scenario, a function that runs one trial. */
export const isolationTrials = Object.fromEntries(
  Object.entries(ISOLATIONS).map(([scenario, isolation]) => [scenario, isolationTrial(isolation)]),
)

/** A function that runs one trial: the load alone, then with the disturbance. */
export function isolationTrial(isolation: Isolation) {
  return async (params: Params): Promise<Record<string, number>> => {
    const without = await isolation.load(params, false)
    const disturbed = await isolation.load(params, true)
    return { ...named(isolation, disturbed), ...named(isolation, without, UNDISTURBED) }
  }
}

const UNDISTURBED = ' undisturbed'

/** The figures, under the name of their requirements. */
export function named(
  { name }: Requirements,
  figures: Record<string, number>,
  suffix = '',
): Record<string, number> {
  const entries = Object.entries(figures)
  return Object.fromEntries(entries.map(([key, value]) => [`${name}: ${key}${suffix}`, value]))
}

/** The result of one requirement on a figure. */
export interface Verdict {
  disturbance: string
  figure: string
  /** Medians over the trials; undefined if no trial gave the figure. */
  without: number | undefined
  with: number | undefined
  mustHold: string
  /** The number of trials in which the requirement holds. */
  holds: number
  trials: number
}

export function verdicts(
  figures: Figures,
  requirements: Requirements[] = Object.values(ISOLATIONS),
): Verdict[] {
  const names = [...figures.keys()]
  const measured = requirements.filter(({ name }) => {
    return names.some((figure) => figure.startsWith(`${name}: `))
  })
  return measured.flatMap((one) => one.musts.map((must) => verdict(one, must, figures)))
}

function verdict({ name, disturbance }: Requirements, must: Must, figures: Figures): Verdict {
  const { figure, text } = must
  const disturbed = figures.get(`${name}: ${figure}`) ?? []
  const without = figures.get(`${name}: ${figure}${UNDISTURBED}`) ?? []
  const held = disturbed.filter((value, trial) => must.holds(value, without[trial] ?? Number.NaN))
  return {
    disturbance,
    figure,
    without: without.length === 0 ? undefined : median(without),
    with: disturbed.length === 0 ? undefined : median(disturbed),
    mustHold: text,
    holds: held.length,
    trials: disturbed.length,
  }
}

/** One row for each requirement: its disturbance, its figure, and whether the requirement holds. */
export function verdictTable(all: Verdict[]): Table {
  const header = ['disturbance', 'figure', 'without', 'with', 'must hold', 'holds']
  const rows = all.map(({ disturbance, figure, without, with: disturbed, ...verdict }) => [
    ...[disturbance, figure, cell(without), cell(disturbed), verdict.mustHold],
    held(verdict),
  ])
  return { header, rows, words: 2 }
}

function held({ holds, trials }: Pick<Verdict, 'holds' | 'trials'>): string {
  if (trials === 0) return 'not measured'
  return holds === trials ? 'yes' : `${holds} of ${trials}`
}

function cell(value: number | undefined): string {
  return value === undefined ? '' : shown(value)
}
