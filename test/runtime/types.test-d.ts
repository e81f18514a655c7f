import type { BaseLogger } from 'pino'
import { Runtime, StoreEnqueuer } from '../../src/index.ts'
import type {
  Enqueuer,
  EnqueueResult,
  JobError,
  JobStore,
  JsonPayload,
  NewJob,
  RuntimeEvents,
  SqliteStore,
  Store,
} from '../../src/index.ts'
import {
  defineHandlers,
  type Handler,
  type HandlerContext,
  type Job,
} from '../../workers/define-handlers.ts'
import {
  deliverWebhookHandler,
  recomputeMergeabilityHandler,
  recomputeReviewDecisionHandler,
  reindexSearchHandler,
} from '../../workers/handlers.ts'

// This file is compiled and never run. A line that must not compile follows an @ts-expect-error.

declare const store: SqliteStore

type Any<T> = 0 extends 1 & T ? true : false
/** True if each type is assignable to the other, and both or neither of them is `any`. */
type Same<A, B> = [A, B, Any<A>] extends [B, A, Any<B>] ? true : false

declare const is: (same: true) => void

// A handlers module, set up asynchronously, with handlers of every sort.

interface Push {
  repo_pk: number
  ref: string
}

const forge = defineHandlers(async (config: { repos: string }, thread) => {
  const index = await Promise.resolve(config.repos)
  return {
    kinds: {
      push: (job: Job<Push>) => job.payload.ref,
      sweep: (job: Job<{ limit?: number }>) => job.payload.limit,
      labels: (job: Job<Record<string, string>>) => Object.keys(job.payload),
      tick: () => index,
      either: (job: Job<{ a: number } | { b: string }>) => job.payload,
      any_json: (job: Job) => job.payload,
      reindex_search: reindexSearchHandler({ reindexRepoCode: (repoPk) => repoPk.toFixed() }),
      recompute_mergeability: recomputeMergeabilityHandler({
        recomputeMergeability: (issuePk, ctx) => ctx.progress(issuePk),
      }),
      recompute_review_decision: recomputeReviewDecisionHandler({
        recomputeReviewDecision: () => undefined,
      }),
      deliver_webhook: deliverWebhookHandler({ hooks: thread.webhooks }),
    },
    close: () => undefined,
  }
})

export async function enqueueing(runtime: Runtime<typeof forge>): Promise<void> {
  const result = await runtime.enqueue('push', { repo_pk: 5, ref: 'refs/heads/main' })
  is(true satisfies Same<typeof result, EnqueueResult>)
  await runtime.enqueue('push', { repo_pk: 5, ref: '' }, { dedupeKey: 'a', runAt: new Date() })
  await runtime.enqueue('reindex_search', { repo_pk: 5 })
  await runtime.enqueue('recompute_mergeability', { issue_pk: 5 })
  await runtime.enqueue('recompute_review_decision', { issue_pk: 5 })
  await runtime.enqueue('deliver_webhook', { webhook_pk: 1, event: 'push', payload: { a: 1 } })
  await runtime.enqueue('either', { b: 'x' })

  // @ts-expect-error no such kind
  await runtime.enqueue('pusch', { repo_pk: 5, ref: '' })
  // @ts-expect-error a field is missing
  await runtime.enqueue('push', { repo_pk: 5 })
  // @ts-expect-error a field of another type
  await runtime.enqueue('push', { repo_pk: '5', ref: '' })
  // @ts-expect-error a misspelt field
  await runtime.enqueue('push', { repo_pk: 5, ref: '', reff: '' })
  // @ts-expect-error the payload of another kind
  await runtime.enqueue('reindex_search', { issue_pk: 5 })
  // @ts-expect-error a ready-made handler's payload lacks a field
  await runtime.enqueue('deliver_webhook', { webhook_pk: 1 })
  // @ts-expect-error a payload of neither variant
  await runtime.enqueue('either', { c: 1 })
  // @ts-expect-error a required payload is missing
  await runtime.enqueue('push')
  // @ts-expect-error a required payload is missing, and options do not replace it
  await runtime.enqueue('reindex_search', { dedupeKey: 'a' })
  // @ts-expect-error undefined is no payload
  await runtime.enqueue('push', undefined, { delay: 5 })
  // @ts-expect-error a misspelt option
  await runtime.enqueue('push', { repo_pk: 5, ref: '' }, { dedupKey: 'a' })
  // @ts-expect-error an option of another type
  await runtime.enqueue('push', { repo_pk: 5, ref: '' }, { delay: '5s' })
}

export async function optionalPayloads(runtime: Runtime<typeof forge>): Promise<void> {
  await runtime.enqueue('sweep')
  await runtime.enqueue('sweep', {})
  await runtime.enqueue('sweep', { limit: 5 }, { priority: 1 })
  await runtime.enqueue('tick')
  await runtime.enqueue('any_json')
  await runtime.enqueue('any_json', [1, 'two'])
  await runtime.enqueue('labels', { bug: 'red' })
  await runtime.enqueue('labels')
  await runtime.enqueueMany([{ kind: 'labels' }])
  // @ts-expect-error a field of another type
  await runtime.enqueue('sweep', { limit: '5' })
  // @ts-expect-error a value of another type
  await runtime.enqueue('labels', { bug: 5 })
}

export async function manyAtOnce(runtime: Runtime<typeof forge>): Promise<void> {
  const results = await runtime.enqueueMany([
    { kind: 'push', payload: { repo_pk: 5, ref: '' }, dedupeKey: 'a', priority: -1 },
    { kind: 'sweep' },
    { kind: 'sweep', payload: { limit: 1 }, delay: 5 },
    { kind: 'tick', runAt: 5 },
  ])
  is(true satisfies Same<typeof results, EnqueueResult[]>)
  // @ts-expect-error no such kind
  await runtime.enqueueMany([{ kind: 'pusch', payload: { repo_pk: 5, ref: '' } }])
  // @ts-expect-error a required payload is missing
  await runtime.enqueueMany([{ kind: 'sweep' }, { kind: 'push' }])
  // @ts-expect-error the payload of another kind
  await runtime.enqueueMany([{ kind: 'push', payload: { limit: 1 } }])
  // @ts-expect-error a misspelt option
  await runtime.enqueueMany([{ kind: 'sweep', prio: 1 }])
  // @ts-expect-error the kind is missing
  await runtime.enqueueMany([{ payload: { limit: 1 } }])
}

export function enqueueingInTheHosts(runtime: Runtime<typeof forge>): void {
  const connection = { name: 'forge.db', inTransaction: true, prepare: () => undefined }
  const result = runtime.enqueueIn(connection, 'push', { repo_pk: 5, ref: '' }, { dedupeKey: 'a' })
  is(true satisfies Same<typeof result, EnqueueResult>)
  runtime.enqueueIn(connection, 'sweep')
  // @ts-expect-error a required payload is missing
  runtime.enqueueIn(connection, 'push')
  // @ts-expect-error no such kind
  runtime.enqueueIn(connection, 'pusch', {})
  // @ts-expect-error a string is no connection
  runtime.enqueueIn('forge.db', 'sweep')
}

/** A store other than SQLite: its connections are clients, and its answers are promises. */
declare const remote: Store & {
  enqueueIn(client: { query: string }, job: NewJob, now: number): Promise<EnqueueResult>
}

export function enqueueingInAnotherStore(): void {
  const runtime = new Runtime<typeof forge, unknown, typeof remote>(remote)
  const result = runtime.enqueueIn({ query: 'BEGIN' }, 'sweep')
  is(true satisfies Same<typeof result, Promise<EnqueueResult>>)
  const connection = { name: 'forge.db', inTransaction: true, prepare: () => undefined }
  // @ts-expect-error a connection of SQLite's
  void runtime.enqueueIn(connection, 'sweep')
}

// @ts-expect-error a store whose connections are not SQLite's has to be named
export const unnamed = new Runtime<typeof forge>(remote)

// Set up synchronously, without a config.

const small = defineHandlers(() => ({ kinds: { greet: (job: Job<{ name: string }>) => job.id } }))

export async function synchronousSetup(runtime: Runtime<typeof small>): Promise<void> {
  await runtime.enqueue('greet', { name: 'Ada' })
  // @ts-expect-error no such kind
  await runtime.enqueue('push', { name: 'Ada' })
  // @ts-expect-error a field of another type
  await runtime.enqueue('greet', { name: 5 })
}

// @ts-expect-error a module without kinds
defineHandlers(() => ({ close: () => undefined }))
// @ts-expect-error a handler that is no function
defineHandlers(() => ({ kinds: { greet: 5 } }))

// Kinds beyond the module, registered as functions.

interface Inline {
  touch_repo: { repo_pk: number }
  beat: { loud?: boolean }
}

export async function inlineKinds(runtime: Runtime<typeof small, Inline>): Promise<void> {
  await runtime.enqueue('greet', { name: 'Ada' })
  await runtime.enqueue('touch_repo', { repo_pk: 5 })
  await runtime.enqueue('beat')
  await runtime.enqueueMany([{ kind: 'beat' }, { kind: 'touch_repo', payload: { repo_pk: 5 } }])
  runtime.register('touch_repo', async (job, ctx) => {
    is(true satisfies Same<typeof job.payload, { repo_pk: number }>)
    ctx.enqueue('greet', { name: 'Ada' })
    // @ts-expect-error no such kind
    ctx.enqueue('anything', { at: 'all' })
    // @ts-expect-error the payload of another kind
    ctx.enqueue('greet', { repo_pk: 5 })
    ctx.spawn('git', ['gc'], { cwd: '/srv' }).stdout.resume()
    ctx.spawn('git', ['gc'], { stdio: 'ignore' }).stdout?.resume()
    // @ts-expect-error a handler may not set `detached`
    ctx.spawn('git', ['gc'], { detached: false })
    return ctx.signal.aborted
  })
  runtime.register('beat', ({ payload }) => payload.loud?.valueOf(), { maxAttempts: 1 })
  runtime.register('greet', { maxAttempts: 3, timeout: 5, backoff: (attempt) => attempt * 5 })

  // @ts-expect-error a required payload is missing
  await runtime.enqueue('touch_repo')
  const ready: Handler<{ repo_pk: number }> = (_, ctx) => ctx.enqueue('anything')
  runtime.register('touch_repo', ready)
  // @ts-expect-error no such kind
  await runtime.enqueue('touch')
  // @ts-expect-error no such kind
  runtime.register('touch', () => undefined)
  // @ts-expect-error no such kind
  runtime.register('touch', { maxAttempts: 1 })
  // @ts-expect-error the handler of another payload
  runtime.register('touch_repo', (job: Job<{ issue_pk: number }>) => job.id)
  // @ts-expect-error a field that the payload does not have
  runtime.register('touch_repo', (job) => job.payload.issue_pk)
  // @ts-expect-error a misspelt option
  runtime.register('greet', { maxAttempt: 3 })
}

// Without a module: any kind, any payload.

export async function untyped(runtime: Runtime): Promise<void> {
  await runtime.enqueue('whatever')
  await runtime.enqueue('whatever', { some: 'thing' }, { delay: 5 })
  await runtime.enqueueMany([{ kind: 'this' }, { kind: 'that', payload: 5, dedupeKey: null }])
  runtime.register('whatever', (job) => {
    // oxlint-disable-next-line typescript/no-explicit-any -- the type of the payload is not known
    is(true satisfies Same<typeof job.payload, any>)
  })
  // @ts-expect-error a kind is a string
  await runtime.enqueue(5)
  // @ts-expect-error a misspelt option
  await runtime.enqueue('whatever', {}, { dedupKey: 'a' })
}

export async function untypedButForSome(runtime: Runtime<unknown, Inline>): Promise<void> {
  await runtime.enqueue('whatever', 5)
  await runtime.enqueue('touch_repo', { repo_pk: 5 })
  // @ts-expect-error a required payload is missing
  await runtime.enqueue('touch_repo')
}

// Producers that know kinds.

interface Kinds {
  push: Push
  sweep: { limit?: number }
}
declare const jobs: JobStore

export async function producers(): Promise<void> {
  const typed = new StoreEnqueuer<typeof forge>(jobs)
  await typed.enqueue('push', { repo_pk: 5, ref: '' })
  await typed.enqueue('sweep')
  // @ts-expect-error no such kind
  await typed.enqueue('pusch', { repo_pk: 5, ref: '' })
  // @ts-expect-error a required payload is missing
  await typed.enqueue('push')
  // @ts-expect-error the payload of another kind
  await typed.enqueue('push', { limit: 5 })
  const untypedOne = new StoreEnqueuer(jobs)
  await untypedOne.enqueue('whatever', { some: 'thing' }, { delay: 5 })

  const some: Enqueuer<Kinds> = typed
  await some.enqueue('sweep', { limit: 5 }, { delay: 5 })
  // @ts-expect-error a field of another type
  await some.enqueue('sweep', { limit: '5' })
  // @ts-expect-error no such kind
  await some.enqueue('tick')
  // @ts-expect-error kinds that the module does not have
  const other: Enqueuer<{ touch: { repo_pk: number } }> = typed
  return void other
}

export const following = defineHandlers(() => ({
  kinds: {
    push: (job: Job<Push>, ctx: HandlerContext<Kinds>) => {
      const { enqueue } = ctx
      enqueue('sweep')
      ctx.enqueue('push', job.payload, { delay: 5 })
      // @ts-expect-error no such kind
      enqueue('swep')
      // @ts-expect-error a required payload is missing
      ctx.enqueue('push')
      // @ts-expect-error the payload of another kind
      ctx.enqueue('push', { limit: 5 })
      // @ts-expect-error a misspelt option
      ctx.enqueue('sweep', {}, { dely: 5 })
    },
  },
}))

// A runtime is an enqueuer, and so is a store.

export const enqueuers: Enqueuer[] = [
  new Runtime(store),
  new Runtime<typeof forge>(store),
  new StoreEnqueuer({ enqueue: async () => ({ id: 1, deduped: false, state: 'queued' }) }),
  new StoreEnqueuer<typeof forge>(jobs),
]
export const handler: Handler<{ name: string }> = async ({ payload, attempt }) => {
  is(true satisfies Same<typeof payload, { name: string }>)
  is(true satisfies Same<typeof attempt, number>)
}

// Options.

export const constructed = [
  new Runtime<typeof forge>(store, { handlers: './handlers.ts', config: { repos: '/srv' } }),
  new Runtime<typeof small>(store, { handlers: './handlers.ts' }),
  new Runtime(store, { handlers: './handlers.ts', config: { any: 'thing' } }),
  // Without `handlers` nothing is set up, so that no config is needed.
  new Runtime<typeof forge>(store),
  new Runtime<typeof forge>(store, { idle: 5 }),
  // @ts-expect-error a config of another type
  new Runtime<typeof forge>(store, { handlers: './handlers.ts', config: { repos: 5 } }),
  // @ts-expect-error a misspelt field of the config
  new Runtime<typeof forge>(store, { handlers: './handlers.ts', config: { repo: '/srv' } }),
  // @ts-expect-error the setup wants a config
  new Runtime<typeof forge>(store, { handlers: './handlers.ts' }),
  new Runtime(store, { idle: 0, lanes: { net: { threads: 1, concurrency: 50 } }, env: { A: 'b' } }),
  new Runtime(store, { logger: false, unknownKinds: 'wait' }),
  // @ts-expect-error neither 'dead' nor 'wait'
  new Runtime(store, { unknownKinds: 'kept' }),
  // @ts-expect-error a misspelt option
  new Runtime(store, { handler: './handlers.ts' }),
  // @ts-expect-error a lane's option of another type
  new Runtime(store, { lanes: { net: { threads: 'four' } } }),
  // @ts-expect-error an object that is no store
  new Runtime({}),
]

// Loggers.

/** As Fastify declares `app.log`. */
interface FastifyLogger extends Pick<BaseLogger, 'level' | 'silent' | 'fatal' | FastifyLevel> {
  child(bindings: object): FastifyLogger
}
type FastifyLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error'
declare const fastifyLogger: FastifyLogger

export const logging = [
  new Runtime(store, { logger: console }),
  new Runtime(store, { logger: fastifyLogger }),
  // @ts-expect-error an object that is no logger
  new Runtime(store, { logger: { info: () => undefined } }),
]

// Payloads are JSON.

interface Tree {
  label: string | null
  children: Tree[]
}
export type Carried = [
  Job<Tree>,
  Job<{ a?: number; b: readonly string[]; c: [number, boolean]; d: unknown; e: object }>,
  Job<string[]>,
  Job<string>,
  Job<null>,
  // oxlint-disable-next-line typescript/no-explicit-any -- the test is about `any`
  Job<any>,
  Handler<Tree>,
]
// @ts-expect-error a Date arrives as a string
export type OfADate = Job<{ at: Date }>
// @ts-expect-error a Date arrives as a string, however deep it is
export type OfDates = Job<{ list: { at?: string | Date }[] }>
// @ts-expect-error a Map arrives as {}
export type OfAMap = Job<{ labels: Map<string, string> }>
// @ts-expect-error a bigint cannot be sent
export type OfABigint = Job<{ id: bigint }>
// @ts-expect-error a typed array arrives as an object
export type OfBytes = Job<{ bytes: Uint8Array }>
// @ts-expect-error a function cannot be sent
export type OfAFunction = Job<{ run: () => void }>
// @ts-expect-error an Error arrives as {}
export type OfAnError = Job<{ cause: Error }>
// @ts-expect-error a Date arrives as a string at a handler, too
export type HandlerOfADate = Handler<{ at: Date }>

/** A wrapper that a host may write around its handlers. */
export function timed<P extends JsonPayload<P>>(inner: Handler<P>): Handler<P> {
  return (job, ctx) => inner(job, ctx)
}
timed(reindexSearchHandler({ reindexRepoCode: () => undefined })) satisfies Handler<{
  repo_pk: number
}>

export async function payloadsAreJson(runtime: Runtime<typeof small, { at: { at: Date } }>) {
  // @ts-expect-error a Date arrives as a string
  await runtime.enqueue('at', { at: new Date() })
  // @ts-expect-error a Date arrives as a string
  await runtime.enqueueMany([{ kind: 'at', payload: { at: new Date() } }])
}

// A kind that may be one of several: the payload has to fit each of them.

export async function unknownKinds(runtime: Runtime<typeof forge>, either: 'push' | 'sweep') {
  await runtime.enqueue(either, { repo_pk: 5, ref: '', limit: 5 })
  // @ts-expect-error the payload of another kind
  await runtime.enqueue(either, { limit: 5 })
  // @ts-expect-error the payload of another kind
  await runtime.enqueue(either, { repo_pk: 5, ref: '', limit: '5' })
  // @ts-expect-error one of the kinds needs a payload
  await runtime.enqueue(either)
}

// Groups.

export function groups(runtime: Runtime<typeof forge>): void {
  runtime.register('push', {
    group: (payload) => {
      is(true satisfies Same<typeof payload, Push>)
      return String(payload.repo_pk)
    },
  })
  runtime.register('push', (job) => job.id, { group: ({ repo_pk }) => String(repo_pk) })
  runtime.register('push', { group: 'all' })
  // @ts-expect-error a field that the payload does not have
  runtime.register('push', { group: (payload) => payload.repo })
  // @ts-expect-error the payload of another kind
  runtime.register('push', { group: ({ limit }: { limit: string }) => limit })
}

// Events.

declare const listener: (data: RuntimeEvents['dead']) => string

export function events(runtime: Runtime): void {
  runtime
    .on('completed', ({ job, result, durationMs, rerun }) => {
      is(true satisfies Same<typeof job.attempt, number>)
      is(true satisfies Same<typeof result, unknown>)
      is(true satisfies Same<typeof durationMs, number>)
      is(true satisfies Same<typeof rerun, boolean>)
    })
    .on('retrying', ({ error, runAt }) => {
      is(true satisfies Same<typeof error, JobError>)
      is(true satisfies Same<typeof runAt, number>)
    })
    .on('enqueued', ({ dedupeKey, deduped }) => {
      is(true satisfies Same<typeof dedupeKey, string | null>)
      is(true satisfies Same<typeof deduped, boolean>)
    })
    .on('lost', ({ crashes }) => crashes.toFixed())
    .on('thread:down', ({ lane, thread, reason }) => `${lane} ${thread} ${reason}`)
    .on('error', ({ error, during }) =>
      is(true satisfies Same<[typeof error, typeof during], [unknown, string]>),
    )
  runtime.on('dead', listener).off('dead', listener)
  runtime.once('started', ({ job, queuedMs }) => {
    is(true satisfies Same<typeof job.payload, unknown>)
    is(true satisfies Same<typeof queuedMs, number>)
  })
  runtime.onAny((name, data) => {
    if (name === 'dead') is(true satisfies Same<typeof data, RuntimeEvents['dead']>)
    if (name === 'drained') is(true satisfies Same<typeof data, { at: number }>)
    // @ts-expect-error no such event
    if (name === 'finished') return
    // @ts-expect-error a field that not all events have
    is(data.job)
  })
  runtime.onAny((name) => is(true satisfies Same<typeof name, keyof RuntimeEvents>))
  // @ts-expect-error a listener to the data of one event
  runtime.onAny(listener)
  // @ts-expect-error no such event
  runtime.on('finished', () => undefined)
  // @ts-expect-error the data of another event
  runtime.on('started', listener)
  // @ts-expect-error a field that the event does not have
  runtime.on('started', ({ result }) => result)
}
