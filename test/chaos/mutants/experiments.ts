import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { campaign, type Plan } from '../crash/campaign.ts'
import { FOUND, Violation } from '../crash/violation.ts'
import { campaign as webhookCampaign } from '../webhook-kills/campaign.ts'
import type { Small } from './small-experiments.ts'

/** What is tried, and with which choices. */
export interface Trial {
  seed: number
  /** The build that is tried. */
  build: string
  /** The folder for the files of the trial. */
  folder: string
}

export type ExperimentName =
  'kills anywhere' | 'kills before COMMIT' | 'kill while requests are under way' | Small

/** Acknowledged jobs before a kill anywhere, at least and at most. */
const JOBS = [200, 400] as const
/**
 * Milliseconds before a kill at a point: on a busy machine, too, threads start the jobs that they
 * were given within this time.
 */
const HOLD = 200
/** Only an experiment that hangs takes so many milliseconds. */
const PATIENCE = 120_000

/** Each experiment resolves if it finds no violation, and throws a {@link Violation} if it does. */
export const EXPERIMENTS: Record<ExperimentName, (trial: Trial) => Promise<void>> = {
  'kills anywhere': (trial) => kill(trial, Array(2).fill('anywhere')),
  'kills before COMMIT': (trial) => kill(trial, Array(3).fill('before COMMIT'), HOLD),
  'kill while requests are under way': async (trial) => {
    await webhookCampaign({ ...trial, kills: 1 })
  },
  'busy file': (trial) => small(trial, 'busy file'),
  'late settle': (trial) => small(trial, 'late settle'),
  'key of a dead job': (trial) => small(trial, 'key of a dead job'),
  'batch taken back': (trial) => small(trial, 'batch taken back'),
}

async function kill(trial: Trial, kills: Plan['kills'], hold?: number): Promise<void> {
  await campaign({ ...trial, kills, jobs: JOBS, ...(hold === undefined ? {} : { hold }) })
}

/** Runs in a process of its own: what a mutant leaves behind there would never end by itself. */
function small({ build, folder }: Trial, name: Small): Promise<void> {
  const script = join(build, 'test/chaos/mutants/small-experiments.js')
  return new Promise((resolve, reject) => {
    const options = { timeout: PATIENCE, killSignal: 'SIGKILL' } as const
    execFile(process.execPath, [script, name, folder], options, (error, said) => {
      if (error === null) resolve()
      else if (error.code === FOUND) reject(new Violation(said))
      else reject(error)
    })
  })
}
