import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Figures, PartOptions } from '../part.ts'
import { campaign } from './campaign.ts'
import type { Judge } from './judge.ts'
import type { Hits } from './runs.ts'
import { POINTS } from './points.ts'

/** How much a run of this part does. */
export interface CrashOptions extends PartOptions {
  /** Kills at any moment. @default 100 */
  kills?: number
  /** Acknowledged jobs before each kill at any moment, at least. @default 500 */
  jobs?: number
  /** Kills at each of the named points. @default 10 */
  killsAtPoint?: number
}

export const about = 'kills processes under load, anywhere and at named points'
export const share = { kills: 2, jobs: 200, killsAtPoint: 1 }

/** I1, I2, I3, I4, I6: kill -9 under load loses no job, and only running jobs run again. */
export async function run(options: CrashOptions): Promise<Figures> {
  const { seed, kills = 100, jobs = 500, killsAtPoint = 10 } = options
  const folder = await mkdtemp(join(tmpdir(), 'helve-'))
  const common = { folder, seed, jobs: [jobs, 2 * jobs] } as const
  try {
    const anywhere = await campaign({ ...common, kills: Array(kills).fill('anywhere') })
    const atPoints = await campaign({ ...common, kills: Array(killsAtPoint).fill(POINTS).flat() })
    assertHit(anywhere)
    assertHit(atPoints)
    await rm(folder, { recursive: true })
    return { ...figures('anywhere', anywhere), ...figures('at the points', atPoints) }
  } catch (error) {
    throw new Error(`${String(error)}\nfound in ${folder}`, { cause: error })
  }
}

/** Asserts that the kills have met jobs in flight. */
function assertHit({ hits }: Judge): void {
  const all = [...hits.values()]
  const kills = all.reduce((sum, of) => sum + of.kills, 0)
  const met = all.reduce((sum, { claimed, started, ended }) => sum + claimed + started + ended, 0)
  assert.ok(met >= kills / 2, `${kills} kills have met only ${met} jobs in flight`)
  const written = hits.get('after COMMIT, before the acknowledgement')
  if (written) assert.ok(written.unacknowledged >= written.kills, 'nothing was unacknowledged')
}

function figures(where: string, { acknowledged, dead, hits }: Judge): Figures {
  const places = [...hits].map(([place, of]) => [`met by ${of.kills} kills ${place}`, words(of)])
  return {
    [`acknowledged, kills ${where}`]: acknowledged,
    ...Object.fromEntries(places),
    [`dead of three crashes, kills ${where}`]: dead,
  }
}

function words({ unacknowledged, claimed, started, ended }: Hits): string {
  const ran = `${claimed} claimed, ${started} started, ${ended} ended and not settled`
  return `${unacknowledged} written and not acknowledged; run afterwards: ${ran}`
}
