import assert from 'node:assert/strict'
import { HelveError } from '../../../src/job/errors.ts'
import type { NewJob } from '../../../src/job/job.ts'
import type { Outcome } from '../../../src/job/outcome.ts'
import { isUpkeep, type Command } from '../../../src/store/command.ts'
import type { SettleResult, Turn, TurnResult } from '../../../src/store/turn.ts'
import { failed } from '../../support/fake-pool.ts'
import { claim } from './claiming.ts'
import type { Job } from './job.ts'
import { LANES } from './kinds.ts'
import { noMail, type Ending } from './mail.ts'
import { execute } from './orders.ts'
import type { Queue } from './queue.ts'
import type { SuspectRow } from './rows.ts'
import { settle, type End } from './settling.ts'
import { followUp } from './submission.ts'
import { checkSuspects, putOff } from './suspects.ts'

/** A turn that the engine has taken, and its result. */
export interface Taken {
  turn: Turn
  result: TurnResult
  /** The suspects in the file after the turn. */
  suspects: SuspectRow[]
}

/**
 * Takes a turn, and checks that the engine's turn had the same result. The order is: jobs that the
 * wall clock has made due, settles, commands, enqueues, claims.
 */
export function takeTurn(queue: Queue, { turn, result, suspects }: Taken): void {
  assert.equal(turn.now, queue.now, 'the time of the queue')
  const { endings, orders, submissions, onces } = queue.mail
  queue.mail = { ...noMail(), onces: Math.max(0, onces - 1) }
  promote(queue)
  settleAll(queue, endings, result.settled)
  executeAll(queue, orders, result.commanded)
  const written = enqueueAll(queue, submissions, result)
  const waiting = putOff(queue, suspects)
  if (endings.length > 0) queue.releaseOnces()
  claim(queue, result, { written, once: onces > 0 })
  checkSuspects(queue, waiting, endings)
  queue.tally.saw('turns')
}

/** A job that the wall clock has made due is due from that moment of the queue on. */
function promote(queue: Queue): void {
  const { clock, tally } = queue
  for (const job of queue.all('queued')) {
    if (job.wallAt === null || job.wallAt > clock.wall()) continue
    job.runAt = Math.min(job.runAt, clock.timeOf(job.wallAt))
    job.wallAt = null
    tally.saw('a moment has come')
  }
}

function settleAll(queue: Queue, endings: Ending[], settled: TurnResult['settled']): void {
  assert.equal(settled.length, endings.length, 'what has ended is settled in the next turn')
  for (const i of sorted(endings, isPlain.bind(null, queue))) {
    const { claim } = endings[i]!
    const job = queue.jobs.get(claim.id)
    if (job?.token === claim.token) end(queue, job, endings[i]!, settled[i])
    else {
      assert.equal(settled[i], undefined, 'I5: a settle changed what is not its own')
      queue.tally.saw('settled late, twice or by forgery')
    }
  }
}

/** Endings that complete a job and leave nothing come first, if they are the first of their run. */
function isPlain(queue: Queue, { claim, outcome }: Ending, i: number, endings: Ending[]): boolean {
  const isFirst = endings.findIndex(({ claim: { token } }) => token === claim.token) === i
  const leavesNothing = outcome.type === 'completed' && outcome.followUps.length === 0
  return isFirst && leavesNothing && !queue.jobs.get(claim.id)?.rerun
}

function end(queue: Queue, job: Job, ending: Ending, settled: SettleResult | undefined): void {
  const { id } = job
  const outcome = outcomeOf(job, ending.outcome)
  const submitted = 'followUps' in outcome ? outcome.followUps : []
  const followUps = submitted.map((one) => followUp(queue, one))
  const before = { ...job }
  const became = settle(job, outcome, queue.limits.policies[job.kind], queue.clock)
  if (became === 'completed') queue.jobs.delete(id)
  if (isRefused(queue, followUps)) {
    // Nothing of this ending is written, and the run has failed.
    queue.jobs.set(id, Object.assign(job, before))
    return refuse(queue, ending, settled)
  }
  const state = became === 'again' ? 'queued' : became
  assert.deepEqual([settled?.state, settled?.rerun], [state, became === 'again'])
  checkOwed(job, became, outcome)
  job.cancelled = false
  if (queue.onces.delete(id)) queue.expected.onces.push(true)
  followUps.forEach((one, i) => queue.accept(one, settled!.followUps[i]!))
  queue.tally.saw(`${outcome.type}: ${became}`)
}

/** A cancelled run that completes has completed; with any other outcome the run is cancelled. */
function outcomeOf(job: Job, outcome: Outcome): Outcome {
  if (!job.cancelled || outcome.type === 'completed') return outcome
  return { type: 'cancelled', deliveries: [] }
}

function isRefused(queue: Queue, followUps: NewJob[]): boolean {
  const holders = new Map<string | null, string>()
  return followUps.some(({ kind, dedupeKey: key }) => {
    const holder = queue.holder(key)?.kind ?? holders.get(key)
    if (key !== null) holders.set(key, holder ?? kind)
    return holder !== undefined && holder !== kind
  })
}

function refuse(queue: Queue, { claim }: Ending, settled: SettleResult | undefined): void {
  assert.equal(settled?.refused?.code, 'HELVE_ERR_DEDUPE_KEY')
  const error = { name: 'HelveError', message: '' }
  queue.mail.endings.push({ claim, outcome: failed({ error }) })
  queue.tally.saw('a follow-up was refused')
}

/** I4: after every accepted enqueue a run has started with its payload or a newer one. */
function checkOwed({ owed, kind, id }: Job, became: End, outcome: Outcome): void {
  const over = became === 'completed' || became === 'dead'
  if (!over || outcome.type === 'cancelled' || LANES[kind] === null) return
  assert.deepEqual(owed, [], `I4: job ${id} is over, and no run started with these payloads`)
}

function executeAll(queue: Queue, orders: Command[], commanded: TurnResult['commanded']): void {
  assert.equal(commanded.length, orders.length, 'commands are executed in the next turn')
  // The engine's own commands go first.
  const executed = [...orders.filter(isUpkeep), ...orders.filter((order) => !isUpkeep(order))]
  const told = new Map(executed.map((command, i) => [command, commanded[i]!]))
  for (const [command, answer] of told) execute(queue, command, answer)
  for (const command of orders) {
    if (command.type !== 'file') queue.expected.answers.push(told.get(command)!)
  }
}

/** @returns the jobs that are new */
function enqueueAll(queue: Queue, submissions: NewJob[], result: TurnResult): Set<Job> {
  const { enqueued, claimed } = result
  assert.equal(enqueued.length, submissions.length, 'what has come in is written in the next turn')
  const before = new Set(queue.jobs.keys())
  for (const i of sorted(submissions, ({ dedupeKey }) => dedupeKey !== null)) {
    const told = enqueued[i]!
    queue.accept(submissions[i]!, told)
    if (told instanceof HelveError) continue
    const started = claimed.some(({ id }) => id === told.id) && !told.deduped
    const { state } = queue.jobs.get(told.id)!
    assert.ok(told.state === state || (told.state === 'running' && started))
  }
  queue.expected.acknowledgements.push(...enqueued)
  return new Set(queue.all().filter(({ id }) => !before.has(id)))
}

/** The indices of the items; those for which `isFirst` holds come before the others. */
function sorted<T>(items: T[], isFirst: (item: T, i: number, items: T[]) => boolean): number[] {
  const rank = (i: number): number => (isFirst(items[i]!, i, items) ? 0 : 1)
  return [...items.keys()].sort((a, b) => rank(a) - rank(b))
}
