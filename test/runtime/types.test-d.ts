import { Runtime, StoreEnqueuer } from '../../src/index.ts'
import type { Enqueuer, EnqueueResult, JobError, RuntimeEvents, Store } from '../../src/index.ts'
import { defineHandlers, type Handler, type Job } from '../../workers/define-handlers.ts'
import {
  deliverWebhookHandler,
  recomputeMergeabilityHandler,
  recomputeReviewDecisionHandler,
  reindexSearchHandler,
} from '../../workers/handlers.ts'

// Compiled, and never run: what must not compile stands under an @ts-expect-error.

declare const store: Store

type Any<T> = 0 extends 1 & T ? true : false
/** True if each fits where the other does, and neither is `any`. */
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
  // @ts-expect-error neither of the two
  await runtime.enqueue('either', { c: 1 })
  // @ts-expect-error a required payload is missing
  await runtime.enqueue('push')
  // @ts-expect-error a required payload is missing, and the options are not it
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
  // @ts-expect-error no kind
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
  // @ts-expect-error no connection
  runtime.enqueueIn('forge.db', 'sweep')
}

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
// @ts-expect-error a handler that is none
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
    ctx.enqueue('anything', { at: 'all' })
    ctx.spawn('git', ['gc'], { cwd: '/srv' }).stdout.resume()
    ctx.spawn('git', ['gc'], { stdio: 'ignore' }).stdout?.resume()
    // @ts-expect-error whether it is detached is not the handler's to say
    ctx.spawn('git', ['gc'], { detached: false })
    return ctx.signal.aborted
  })
  runtime.register('beat', ({ payload }) => payload.loud?.valueOf(), { maxAttempts: 1 })
  runtime.register('greet', { maxAttempts: 3, timeout: 5, backoff: (attempt) => attempt * 5 })

  // @ts-expect-error a required payload is missing
  await runtime.enqueue('touch_repo')
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
    // oxlint-disable-next-line typescript/no-explicit-any -- nothing is known of it
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

// A runtime is an enqueuer, and so is a store.

export const enqueuers: Enqueuer[] = [
  new Runtime(store),
  new StoreEnqueuer({ enqueue: async () => ({ id: 1, deduped: false, state: 'queued' }) }),
]
export const handler: Handler<{ name: string }> = async ({ payload, attempt }) => {
  is(true satisfies Same<typeof payload, { name: string }>)
  is(true satisfies Same<typeof attempt, number>)
}

// Options.

export const constructed = [
  new Runtime<typeof forge>(store, { handlers: new URL('./handlers.ts', import.meta.url) }),
  new Runtime(store, { idle: 0, lanes: { net: { threads: 1, concurrency: 50 } }, env: { A: 'b' } }),
  new Runtime(store, { logger: false, unknownKinds: 'wait' }),
  // @ts-expect-error neither of the two
  new Runtime(store, { unknownKinds: 'kept' }),
  // @ts-expect-error a misspelt option
  new Runtime(store, { handler: './handlers.ts' }),
  // @ts-expect-error a lane's option of another type
  new Runtime(store, { lanes: { net: { threads: 'four' } } }),
  // @ts-expect-error no store
  new Runtime({}),
]

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
  // @ts-expect-error no such event
  runtime.on('finished', () => undefined)
  // @ts-expect-error the data of another event
  runtime.on('started', listener)
  // @ts-expect-error a field that the event does not have
  runtime.on('started', ({ result }) => result)
}
