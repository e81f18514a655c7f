import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { built } from '../../support/built.ts'
import { Random } from '../../support/random.ts'
import { readImage, REMAINS, writeImage, type Image } from './disk.ts'
import { judge } from './judge.ts'
import { LEDGER, Ledger } from './ledger.ts'
import { readEntries, type Entry } from './log.ts'
import { environment } from './recorder.ts'
import { Recording, tellingMoments } from './recording.ts'

const LOAD = fileURLToPath(built(new URL('./load.ts', import.meta.url)))
/** Entries of the record before a cut, at least: by then the first jobs are enqueued. */
const FEWEST = 300
/** No process makes so many submissions. */
const STRIDE = 100_000
/** Milliseconds that only a process takes that hangs. */
const PATIENCE = 120_000

/** What a campaign is to do. */
export interface Plan {
  seed: number
  cuts: number
  /** Entries of the record before a cut, at most: some ten for each job. */
  entries: number
  durability: 'power' | 'process'
  /** Whether acknowledged enqueues may be lost: then they are counted. */
  mayLose: boolean
  /** The recorder. */
  library: string
  /** The folder for the files of the campaign. */
  folder: string
}

/** The results of a campaign. */
export interface Tally {
  acknowledged: number
  /** Of the acknowledged submissions, those acknowledged while something was not synced. */
  hasty: number
  /** The most that one cut took back, and the sum over the kills that leave nothing unsynced. */
  mostLost: number
  lost: number
  moments: number
  /** Of the moments, those at which a cut could take something back. */
  dirty: number
  checkpoints: number
  images: number
}

/**
 * Runs processes one after the other on one file. Each process is killed at a random moment of its
 * record, and the next process goes on with what a power cut at that moment leaves. Some more
 * moments of each record are taken for cuts, whose remains are judged and thrown away.
 */
export async function campaign(plan: Plan): Promise<Tally> {
  const one = new Campaign(plan)
  for (let cut = 0; cut < plan.cuts; cut += 1) await one.cut(cut)
  return one.tally
}

class Campaign {
  readonly tally: Tally = {
    ...{ acknowledged: 0, hasty: 0, mostLost: 0, lost: 0 },
    ...{ moments: 0, dirty: 0, checkpoints: 0, images: 0 },
  }
  readonly #plan: Plan
  #random: Random
  /** What the disk holds, and what the processes have said. */
  #image: Image = new Map()
  readonly #ledger = new Ledger()

  constructor(plan: Plan) {
    this.#plan = plan
    this.#random = new Random(plan.seed)
  }

  async cut(cut: number): Promise<void> {
    // For a seed each process is killed at the same place, whatever the processes before came to.
    this.#random = new Random(this.#plan.seed + cut)
    const folder = join(this.#plan.folder, `${this.#plan.durability}-${cut}`)
    const entries = await this.#record(folder, cut)
    const recording = new Recording(entries, this.#image)
    const before = this.#ledger.acks.size
    for (const moment of this.#moments(entries)) {
      recording.advance(moment, this.#ledger)
      await this.#judgeMoment(recording, moment === entries.length)
    }
    this.tally.acknowledged += Math.max(0, this.#ledger.acks.size - before)
    await assertWhole(recording, folder, this.#random)
    await this.#goOn(recording)
    await rm(folder, { recursive: true })
  }

  /** Runs a process until its cut. */
  async #record(folder: string, cut: number): Promise<Entry[]> {
    const log = `${folder}.log`
    await writeImage(folder, this.#image)
    const { library, durability, entries } = this.#plan
    const cutAfter = FEWEST + this.#random.below(entries - FEWEST)
    const args = [LOAD, folder, durability, String(cut * STRIDE)]
    const child = spawn(process.execPath, args, {
      env: environment({ library, folder, log, cutAfter }),
      stdio: ['ignore', 'ignore', 'inherit'],
      timeout: PATIENCE,
    })
    assert.deepEqual(await once(child, 'exit'), [null, 'SIGKILL'])
    const recorded = [...readEntries(await readFile(log))]
    await rm(log)
    assert.equal(recorded.length, cutAfter, 'it was not the recorder that killed the process')
    return recorded
  }

  /** The kill itself, one moment at any time before, one inside a checkpoint, one after an ack. */
  #moments(entries: Entry[]): number[] {
    const { checkpoints, acks, hasty } = tellingMoments(entries)
    const pick = (from: number[]): number[] => (from.length === 0 ? [] : [this.#pick(from)])
    this.tally.hasty += hasty.length
    const told = hasty.length === 0 ? acks : hasty
    const moments = [this.#random.below(entries.length), ...pick(checkpoints), ...pick(told)]
    return [...moments, entries.length].sort((a, b) => a - b)
  }

  #pick(from: number[]): number {
    return from[this.#random.below(from.length)]!
  }

  async #judgeMoment({ disk }: Recording, isKill: boolean): Promise<void> {
    const { tally } = this
    assert.deepEqual(this.#ledger.errors, [])
    tally.moments += 1
    if (disk.isDirty('queue.db')) tally.checkpoints += 1
    if (disk.isDirty('queue.db') || disk.isDirty('queue.db-wal')) tally.dirty += 1
    for (const remains of REMAINS) {
      const { length } = await this.#judge(disk.afterCut(remains, this.#random))
      tally.mostLost = Math.max(tally.mostLost, length)
      if (isKill && remains === 'nothing') tally.lost += length
    }
  }

  async #judge(image: Image): Promise<number[]> {
    this.tally.images += 1
    const folder = join(this.#plan.folder, `judged-${this.tally.images}`)
    await writeImage(folder, image)
    try {
      const lost = await judge(folder, this.#ledger)
      assert.ok(this.#plan.mayLose || lost.length === 0, `acknowledged, and lost: ${String(lost)}`)
      await rm(folder, { recursive: true })
      return lost
    } catch (error) {
      // The judge has run the jobs, and whoever looks into the error wants the files as they were.
      await writeImage(`${folder}-as-found`, image)
      throw error
    }
  }

  /** The next process finds one of the possible remains. */
  async #goOn({ disk }: Recording): Promise<void> {
    this.#image = disk.afterCut(this.#random.pick(REMAINS), this.#random)
    this.#ledger.forget(await this.#judge(this.#image))
  }
}

/** Asserts that the recorder has missed nothing: all changes give what the process has left. */
async function assertWhole({ disk, said }: Recording, folder: string, random: Random) {
  const left = await readImage(folder)
  left.set(LEDGER, left.get(LEDGER) ?? Buffer.alloc(0))
  const told = disk.afterCut('everything', random).set(LEDGER, Buffer.from(said))
  assert.deepEqual([...told.keys()].sort(), [...left.keys()].sort())
  for (const [name, content] of told) {
    assert.ok(content.equals(left.get(name)!), `${name} is not what was recorded of it`)
  }
}
