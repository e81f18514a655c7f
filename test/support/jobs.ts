import assert from 'node:assert/strict'
import type { DeliveryRecord } from '../../src/job/delivery.ts'
import { HelveError, type HelveErrorCode } from '../../src/job/errors.ts'
import type { ClaimedJob, EnqueueResult, JobError, NewJob } from '../../src/job/job.ts'
import type { Charge, Rerun } from '../../src/job/outcome.ts'
import type { Command, CommandResult } from '../../src/store/command.ts'
import { UNLIMITED } from '../../src/store/admission.ts'
import { NO_WORK } from '../../src/store/turn.ts'
import type { Admission, KindTerms, Queue } from '../../src/store/admission.ts'
import type { Store } from '../../src/store/store.ts'
import type { Settle, SettleResult, Turn, TurnResult } from '../../src/store/turn.ts'

/** The moment at which every test begins. */
export const NOW = Date.UTC(2026, 0, 1)

/** A checked submission; the payload is given as a value. */
export function aJob({ payload = {}, ...over }: Partial<Omit<NewJob, 'payload'>> & Payload = {}) {
  const job: NewJob = {
    kind: 'reindex',
    payload: JSON.stringify(payload),
    dedupeKey: null,
    priority: 0,
    group: null,
    runAt: NOW,
    wallAt: null,
    maxAttempts: null,
    overrides: null,
    ...over,
  }
  return job
}

interface Payload {
  payload?: unknown
}

export function anError(over: Partial<JobError> = {}): JobError {
  return { name: 'Error', message: 'disk on fire', ...over }
}

export function aDelivery(over: Partial<DeliveryRecord> = {}): DeliveryRecord {
  return {
    webhookId: 1,
    guid: '0b989ba4-242f-11e5-81e1-c7b6966d2516',
    event: 'push',
    action: null,
    attempt: 1,
    redelivery: false,
    at: NOW,
    durationMs: 12.5,
    url: 'https://example.org/hook',
    requestHeaders: { 'content-type': 'application/json' },
    requestBody: '{"ref":"refs/heads/main"}',
    status: 200,
    responseHeaders: { server: 'test', 'set-cookie': ['a=1', 'b=2'] },
    responseBody: new TextEncoder().encode('ok'),
    truncated: false,
    error: null,
    ...over,
  }
}

type Effects = Partial<Pick<Settle, 'followUps' | 'deliveries' | 'breakers' | 'rerun'>>

/** What a job takes along into the further run that a fold has asked for. */
export function aRerun(over: Partial<Rerun> = {}): Rerun {
  return { crashes: 0, error: null, ...over }
}

export function completes(job: ClaimedJob, effects: Effects = {}): Settle {
  const move = { to: 'completed' } as const
  return { job, move, rerun: aRerun(), followUps: [], deliveries: [], breakers: [], ...effects }
}

interface Failing extends Effects {
  charge?: Charge
  error?: JobError
}

export function buries(job: ClaimedJob, failing: Failing = {}): Settle {
  const { charge = 'attempt', error = anError(), ...effects } = failing
  const move = { to: 'dead', charge, error } as const
  const rerun = aRerun({ error, crashes: job.crashes })
  return { job, move, rerun, followUps: [], deliveries: [], breakers: [], ...effects }
}

interface Requeueing extends Effects {
  charge?: Charge
  error?: JobError | null
  runAt?: number
}

export function requeues(job: ClaimedJob, requeueing: Requeueing = {}): Settle {
  const { charge = 'attempt', error = anError(), runAt = NOW, ...effects } = requeueing
  const backingOff = charge === 'attempt'
  const move = { to: 'queued', charge, error, runAt, backingOff } as const
  const rerun = aRerun({ error, crashes: job.crashes })
  return { job, move, rerun, followUps: [], deliveries: [], breakers: [], ...effects }
}

/** Takes a turn of which only a part is given; the turn claims nothing unless the part says so. */
export function turn(store: Store, part: Partial<Turn>): Promise<TurnResult> {
  return store.turn({ now: NOW, ...NO_WORK, ...part })
}

/** Executes one command in a turn; rejects if the command is refused. */
export async function command<T extends Command['type']>(
  store: Store,
  one: Command & { type: T },
  now = NOW,
): Promise<CommandResult<T>> {
  const { commanded } = await turn(store, { now, commands: [one] })
  const [result] = commanded
  if (result instanceof HelveError) throw result
  return result as CommandResult<T>
}

export async function enqueue(store: Store, ...enqueues: NewJob[]): Promise<EnqueueResult[]> {
  const { enqueued } = await turn(store, { enqueues })
  return enqueued.map((result) => {
    if (result instanceof HelveError) throw result
    return result
  })
}

/** Claims from everything that is queued. */
export async function claim(store: Store, limit = 100, now = NOW): Promise<ClaimedJob[]> {
  const { claimed } = await turn(store, { now, admit: (queues) => [admission(queues, limit)] })
  return claimed
}

/** A turn that claims from everything that is queued, on these terms: for all kinds, or by kind. */
export function claimsOn(
  store: Store,
  terms: Partial<KindTerms> | ((kind: string) => Partial<KindTerms>),
  { room = 100, most = 1_000_000, ...part }: Partial<Turn> & { room?: number; most?: number } = {},
): Promise<TurnResult> {
  const of = typeof terms === 'function' ? terms : () => terms
  return turn(store, {
    ...part,
    admit: (backlog) => {
      const queues = backlog.map((queue) => ({
        ...queue,
        terms: { ...UNLIMITED, ...of(queue.kind) },
      }))
      return [{ queues, room, most }]
    },
  })
}

/**
 * Claims in several turns, and files jobs between the turns, until no job waits for its group.
 *
 * @param groupOf gives the group of a payload
 */
export async function claimsFiled(
  store: Store,
  terms: Partial<KindTerms>,
  groupOf: (payload: unknown) => string | null,
  part: Parameters<typeof claimsOn>[2] = {},
): Promise<ClaimedJob[]> {
  const filing = { ...terms, filing: true }
  let result = await claimsOn(store, filing, part)
  const claimed = [...result.claimed]
  while (result.unfiled.length > 0) {
    assert.equal(result.more, true)
    const jobs = result.unfiled.map(({ id, payload }) => {
      return { id, group: groupOf(JSON.parse(payload)) }
    })
    const commands: Command[] = [{ type: 'file', jobs }]
    result = await claimsOn(store, filing, { ...part, enqueues: [], settles: [], commands })
    claimed.push(...result.claimed)
  }
  return claimed
}

/** Claims the one job that has to be due. */
export async function claimOne(store: Store, now = NOW): Promise<ClaimedJob> {
  const [job, ...others] = await claim(store, 1, now)
  assert.ok(job, 'expected a due job')
  assert.equal(others.length, 0)
  return job
}

export async function settle(
  store: Store,
  settle: Settle,
  now = NOW,
): Promise<SettleResult | undefined> {
  const { settled } = await turn(store, { now, settles: [settle] })
  assert.equal(settled.length, 1)
  return settled[0]
}

/** Enqueues a job, claims it and lets it die. */
export async function bury(store: Store, job: NewJob, now = NOW): Promise<number> {
  const [result] = await enqueue(store, job)
  const claimed = await claimOne(store, now)
  assert.equal(claimed.id, result?.id, 'expected no other due job')
  await settle(store, buries(claimed), now)
  return claimed.id
}

/** A check for `assert.throws` and `assert.rejects`: the code, and what the message must name. */
export function refusal(code: HelveErrorCode, ...named: (string | RegExp)[]) {
  return (error: unknown): true => {
    assert.ok(error instanceof HelveError, `expected a HelveError, got ${String(error)}`)
    assert.equal(error.code, code)
    for (const part of named) {
      if (typeof part === 'string') assert.ok(error.message.includes(part), error.message)
      else assert.match(error.message, part)
    }
    return true
  }
}

/** Room for `room` jobs, each of which costs 1. */
export function admission(
  queues: Queue[],
  room: number,
  terms: Partial<KindTerms> = {},
): Admission {
  const priced = queues.map((queue) => ({ ...queue, terms: { ...UNLIMITED, ...terms } }))
  return { queues: priced, room, most: 1_000_000 }
}
