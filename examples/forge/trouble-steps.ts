import { HookTrace } from './hook-trace.ts'
import { ApiError, type HooksClient } from './hooks-client.ts'
import type { Recorded } from './recorder.ts'
import { headBranch, type Repository } from './repositories.ts'
import { count, expect } from './report.ts'
import { hooksOf, type Run } from './scene.ts'

/** What the steps share. */
interface Trouble {
  run: Run
  hooks: HooksClient
  /** Publishes an event. */
  check: (name: string) => Promise<void>
  /** Ids of the hooks whose receivers are in trouble, once a step has created them. */
  ids: { failing: number; leaving: number }
}

/** Checks while the receiver fails: the fifth failure opens the breaker of its hook. */
const FAILING = 6
/** Checks that come while the breaker is open. */
const WAITING = 6
const METADATA = 'http://169.254.169.254/latest/meta-data/'

/** Shows what becomes of deliveries whose receiver is in trouble, and how they are sent again. */
export async function trouble(run: Run, repository: Repository): Promise<void> {
  const { report } = run
  const hooks = hooksOf(run, repository)
  const check = await checksOf(run, repository)
  const all: Trouble = { run, hooks, check, ids: { failing: 0, leaving: 0 } }
  await report.step('endpoint that comes back', () => comesBack(all))
  await report.step('redelivery', () => redelivery(all))
  await report.step('endpoint that is gone', () => isGone(all))
  await report.step('redelivery of what was missed', () => missed(all))
  await report.step('refused address', () => refused(hooks))
}

/** Holds the breaker to its order of events: a machine that is slow or fast changes no order. */
async function comesBack({ run, hooks, check, ids }: Trouble): Promise<string> {
  const { forge, changes } = run
  const receiver = forge.receivers.failing
  const hook = (ids.failing = await created(run, hooks, 'failing'))
  const trace = new HookTrace(forge.runtime, hook)
  try {
    receiver.answer = 503
    for (let n = 1; n <= FAILING; n++) await check(`build ${n}`)
    // The second opening follows an attempt that has tried the receiver in between.
    await changes.until(() => trace.openings >= 2)
    for (let n = 1; n <= WAITING; n++) await check(`test ${n}`)
    receiver.answer = 204
    const checks = FAILING + WAITING
    await changes.until(() => namesOf(receiver.accepted).size === checks && trace.isClosed)
    expect(trace.isTriedAlone, `attempts at an open breaker: ${trace.marks}`)
    const firsts = [...trace.firsts]
    expect(isAscending(firsts), `first attempts of the jobs ${firsts.join(', ')}`)
    return (
      `answered 503: its breaker opened ${count(trace.openings, 'time')}, and one attempt at a time ` +
      `tried it; back again, it got all ${checks} events, which were first tried in their order`
    )
  } finally {
    trace.end()
  }
}

async function redelivery({ run, hooks, ids }: Trouble): Promise<string> {
  const { failing: receiver } = run.forge.receivers
  const [delivered] = (await hooks.deliveries(ids.failing)).filter(
    ({ event, status_code }) => event === 'check_run' && status_code === 204,
  )
  expect(delivered !== undefined, 'no delivery to send again')
  const { guid } = delivered
  await hooks.redeliver(ids.failing, delivered.id)
  const [again] = await redelivered(run, hooks, ids.failing, 1)
  expect(again?.guid === guid, `GUID ${again?.guid}, after ${guid}`)
  expect(again.status_code === 204, again.status)
  const bodies = receiver.accepted.filter((one) => one.guid === guid).map(({ body }) => body)
  expect(bodies.length > 1, `it came ${count(bodies.length, 'time')}`)
  expect(new Set(bodies).size === 1, `bodies of ${bodies.map((body) => body.length).join(', ')}`)
  return `${guid} came again, with the same ${bodies[0]!.length} bytes`
}

async function isGone({ run, hooks, check, ids }: Trouble): Promise<string> {
  const { forge, changes } = run
  const hook = (ids.leaving = await created(run, hooks, 'leaving'))
  forge.receivers.leaving.answer = 410
  await check('lint')
  await changes.until(() => forge.disabled.has(hook))
  const { active } = await hooks.get(hook)
  expect(!active, 'its hook is still active')
  await check('format')
  await check('types')
  const unsent = (await hooks.deliveries(hook)).filter(({ status }) => status === 'never sent')
  expect(unsent.length === 2, `${unsent.length} deliveries are recorded as never sent`)
  return `its hook is inactive: ${forge.disabled.get(hook)}; 2 events since then were never sent`
}

/** The receiver wants deliveries again: a ping that it accepts makes its hook active. */
async function missed({ run, hooks, ids }: Trouble): Promise<string> {
  const { forge, changes } = run
  const { leaving: receiver, verified } = forge.receivers
  receiver.answer = 204
  await hooks.ping(ids.leaving)
  await changes.until(async () => (await hooks.get(ids.leaving)).active)
  const { length } = await forge.runtime.webhooks.redeliver({ hook: ids.leaving })
  await redelivered(run, hooks, ids.leaving, length)
  const names = [...namesOf(receiver.accepted)].sort().join(', ')
  expect(names === 'format, lint, types', `it got ${names}`)
  const known = new Set(verified.map(({ guid }) => guid))
  const others = receiver.accepted.filter(({ event, guid }) => event !== 'ping' && !known.has(guid))
  expect(others.length === 0, `${others.length} came with other GUIDs`)
  return `a ping made its hook active; the 3 events that it had missed came, with their GUIDs`
}

async function refused(hooks: HooksClient): Promise<string> {
  const before = await hooks.list()
  const refusal = await hooks.create(METADATA, ['push']).catch((error: unknown) => error)
  expect(refusal instanceof ApiError && refusal.status === 422, `it came to ${String(refusal)}`)
  const after = await hooks.list()
  expect(after.length === before.length, `${after.length - before.length} hooks more`)
  return `${METADATA}: ${refusal.message}`
}

/** Creates a hook for checks; resolves to its id once its receiver has the ping. */
async function created(
  { forge, changes }: Run,
  hooks: HooksClient,
  name: 'failing' | 'leaving',
): Promise<number> {
  const { [name]: receiver, urls } = forge.receivers
  const id = await hooks.create(urls[name], ['check_run'])
  await changes.until(() => receiver.accepted.some(({ event }) => event === 'ping'))
  return id
}

/** Resolves to the redeliveries of a hook once so many have ended, well or not. */
async function redelivered({ changes }: Run, hooks: HooksClient, hook: number, most: number) {
  const ended = async () =>
    (await hooks.deliveries(hook)).filter((one) => one.redelivery && one.status !== 'pending')
  await changes.until(async () => (await ended()).length >= most)
  return ended()
}

/** A function that reports a check of a pull request, which the forge publishes. */
async function checksOf({ forge }: Run, { pk, path }: Repository): Promise<Trouble['check']> {
  const base = await headBranch(path)
  const about = { repo_pk: pk, title: 'Report checks', base, head: base }
  const issue_pk = await forge.openPullRequest(about)
  return (name) => forge.recordCheck({ issue_pk, name, conclusion: 'success' })
}

/** The names of the checks in deliveries. */
function namesOf(deliveries: Recorded[]): Set<string> {
  const checks = deliveries.filter(({ event }) => event === 'check_run')
  return new Set(
    checks.map(({ body }) => (JSON.parse(body) as { check_run: { name: string } }).check_run.name),
  )
}

function isAscending(numbers: number[]): boolean {
  return numbers.every((number, i) => i === 0 || number > numbers[i - 1]!)
}
