import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { clockOf } from '../../../src/coordinator/clock.ts'
import { Coordinator } from '../../../src/coordinator/coordinator.ts'
import { Events, type RuntimeEvents } from '../../../src/events.ts'
import type { EnqueueResult, JobRecord } from '../../../src/job/job.ts'
import { DEFAULT_POLICY, type Policy } from '../../../src/job/policy.ts'
import { openChosen, type TestStore } from '../each-store.ts'
import { FakePool } from '../fake-pool.ts'
import { aJob } from '../jobs.ts'
import { ManualClock } from '../manual-clock.ts'
import { TurnControl } from './turn-control.ts'

export const IDLE = 1_000

interface Setup {
  /** How many jobs each lane holds. @default { default: 100 } */
  lanes?: Record<string, number>
  /** The lane of a kind, `null` if nobody handles it. @default 'default' */
  kinds?: Record<string, string | null>
  policies?: Record<string, Partial<Policy>>
  /** @default 'dead' */
  unknownKinds?: 'dead' | 'wait'
  /** A store used by another coordinator, on the same clock. @default a new one of the test's */
  store?: TestStore
  /** How many jobs a lane takes beyond `lanes`, of kinds that have none there. @default 0 */
  spare?: number
  idle?: number
  /** A clock whose time has already been moved. @default a new one */
  clock?: ManualClock
  /** @default none: delays are exact */
  random?: () => number
}

type Submission = NonNullable<Parameters<typeof aJob>[0]>
/** Copies the fields of an event's job without its payload, for which other tests ask. */
function plain(data: object): object {
  return 'job' in data ? { ...data, job: { ...(data.job as object) } } : { ...data }
}

type Told = { [E in keyof RuntimeEvents]: [event: E, data: RuntimeEvents[E]] }[keyof RuntimeEvents]

const EVENTS = [
  ...([
    'enqueued',
    'started',
    'completed',
    'retrying',
    'dead',
    'lost',
    'released',
    'snoozed',
    'cancelled',
    'breaker:open',
    'breaker:closed',
  ] as const),
  'error' as const,
]

/** A coordinator on the store that the test is for. The test moves the lanes and the time. */
export async function aCoordinator(t: Pick<TestContext, 'after'>, setup: Setup = {}) {
  const { lanes = { default: 100 }, kinds = {}, policies = {}, idle = IDLE } = setup
  const clock = setup.clock ?? new ManualClock()
  const store = setup.store ?? (await openChosen(t, clock))
  const turns = new TurnControl(store)
  const events = new Events()
  const told: Told[] = []
  for (const event of EVENTS) events.on(event, (data) => told.push([event, plain(data)] as Told))
  const pools = new Map(
    Object.entries(lanes).map(([lane, free]) => [lane, new FakePool(free, setup.spare)]),
  )
  const laneOf = (kind: string): string | undefined =>
    kind in kinds ? (kinds[kind] ?? undefined) : 'default'
  const policy = (kind: string): Policy => ({ ...DEFAULT_POLICY, ...policies[kind] })
  const coordinator = new Coordinator({
    store,
    lanes: {
      pools,
      of: laneOf,
      cost: () => 1,
      policy,
      unknownKinds: setup.unknownKinds ?? 'dead',
    },
    events,
    clock: {
      ...clockOf(store.clock),
      monotonic: () => clock.monotonic(),
      after: (ms, callback) => clock.after(ms, callback),
      soon: (callback) => clock.soon(callback),
    },
    random: setup.random ?? (() => 0.5),
    idle,
  })
  for (const pool of pools.values()) {
    pool.settled = (job, outcome, took) => coordinator.settled(job, outcome, took)
  }
  t.after(() => coordinator.close())

  const submit = (job: Submission = {}): Promise<EnqueueResult> =>
    coordinator.enqueue(aJob({ runAt: clock.now(), ...job }))

  /** Enqueues, and resolves to the ids once everything that follows has happened. */
  const enqueue = async (...jobs: Submission[]): Promise<number[]> => {
    const results = Promise.all(jobs.map(submit))
    await clock.settle()
    return (await results).map(({ id }) => id)
  }

  const enqueueOne = async (job: Submission = {}): Promise<number> => (await enqueue(job))[0]!

  /** Has a job cancelled. */
  const cancel = async (id: number): Promise<boolean> => {
    const cancelled = coordinator.command({ type: 'cancel', id, token: undefined })
    await clock.settle()
    return (await cancelled) !== false
  }

  /** Claims from now on. */
  const claim = async (): Promise<void> => {
    coordinator.claim()
    await clock.settle()
  }

  /** A job that must be in the store. */
  const row = async (id: number): Promise<JobRecord> => {
    const job = await store.get(id)
    assert.ok(job, `job ${id} is gone`)
    return job
  }

  /** The data of the events of one name, in order. */
  const of = <E extends keyof RuntimeEvents>(event: E): RuntimeEvents[E][] =>
    told.filter(([name]) => name === event).map(([, data]) => data as RuntimeEvents[E])

  const pool = pools.get('default')!
  return {
    coordinator,
    store,
    turns,
    clock,
    events,
    told,
    pools,
    pool,
    submit,
    enqueue,
    enqueueOne,
    cancel,
    claim,
    row,
    of,
  }
}

export type Rig = Awaited<ReturnType<typeof aCoordinator>>

export function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index))
}
