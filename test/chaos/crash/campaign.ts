import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Random } from '../../support/random.ts'
import { Child } from './child.ts'
import { Judge } from './judge.ts'
import { Ledger } from './ledger.ts'
import type { Place } from './points.ts'
import { snapshot } from './snapshot.ts'
import { STRIDE } from './submissions.ts'
import { violation } from './violation.ts'

/** Turns that a process takes before it dies at a point: `FEWEST`, and fewer than `TURNS` more. */
const [FEWEST, TURNS] = [5, 40]
/** Most milliseconds of standing still at a point, and of going on before a kill anywhere. */
const HOLD = 20

/** What a campaign is to do. */
export interface Plan {
  seed: number
  /** The folder for the files of the campaign. */
  folder: string
  /** Where each of the processes is killed, one after the other. */
  kills: readonly Place[]
  /** Acknowledged jobs before a kill anywhere, at least and at most. */
  jobs: readonly [least: number, most: number]
  /** Folder of the build that is tested. @default the repository's build */
  build?: string
  /** Milliseconds that a process stands still at a point. @default by chance, 20 at the most */
  hold?: number
}

/**
 * Runs processes one after the other on one file. Each process enqueues and runs jobs until it is
 * killed; the last process runs jobs until none is left.
 *
 * @throws Violation
 */
export async function campaign({ seed, folder, kills, jobs, build, hold }: Plan): Promise<Judge> {
  const own = await mkdtemp(join(folder, 'campaign-'))
  const file = join(own, 'queue.db')
  const ledger = new Ledger(join(own, 'ledger'))
  const judge = new Judge()
  const remains = async (use: (child: Child) => Promise<void>) => {
    const { acks } = await withChild(new Child([file, ledger.file], build), use)
    return { acks, entries: ledger.news(), rows: await snapshot(file) }
  }
  try {
    for (const [i, place] of kills.entries()) {
      const random = new Random(seed + i)
      const load = { first: i * STRIDE, jobs, hold: hold ?? random.below(HOLD) }
      judge.killed(place, await remains((child) => kill(child, place, load, random)))
    }
    judge.drained(await remains(drain))
    return judge
  } finally {
    ledger.close()
  }
}

async function withChild(child: Child, use: (child: Child) => Promise<void>): Promise<Child> {
  try {
    await use(child)
  } finally {
    await child.kill()
  }
  if (child.errors().length > 0) violation('an error was told', child.errors())
  return child
}

/** Puts a process under load until it is killed. */
async function kill(
  child: Child,
  place: Place,
  { first, jobs: [least, most], hold }: { first: number; jobs: Plan['jobs']; hold: number },
  random: Random,
): Promise<void> {
  if (place === 'anywhere') {
    const jobs = least + random.below(most - least)
    child.send({ load: { first } })
    await child.until(() => child.acks.length >= jobs, `${jobs} acknowledgements`)
    await sleep(hold)
    return child.kill()
  }
  child.send({
    load: { first, death: { point: place, after: FEWEST + random.below(TURNS), hold } },
  })
  await child.exit()
  if (child.lines.at(-1) !== 'dies') throw new Error(`it did not die ${place}`)
}

async function drain(child: Child): Promise<void> {
  child.send({})
  const [code] = await child.exit()
  if (code !== 0 || child.lines.at(-1) !== 'drained') throw new Error('it did not drain')
}
