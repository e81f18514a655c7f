import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { MAX_ERROR_BYTES } from '../../src/job/limits.ts'
import type { Outcome } from '../../src/job/outcome.ts'
import { failed, Lane, openLane, type StartOptions } from './lane.ts'

interface Poison {
  kind: string
  payload?: unknown
  terms?: StartOptions
  /** What the run has to come to. */
  comesTo: (outcome: Outcome) => void
}

function fails(name: string, message: string | RegExp): Poison['comesTo'] {
  return (outcome) => {
    const error = failed(outcome)
    assert.equal(error.name, name)
    if (typeof message === 'string') assert.equal(error.message, message)
    else assert.match(error.message, message)
    assert.ok(outcome.type === 'failed' && !outcome.permanent && outcome.retryAt === undefined)
  }
}

function isLost(reason: RegExp): Poison['comesTo'] {
  return (outcome) => {
    assert.ok(outcome.type === 'lost', JSON.stringify(outcome))
    assert.match(outcome.reason, reason)
  }
}

const timesOut: Poison['comesTo'] = (outcome) => {
  assert.deepEqual(outcome, { type: 'timedOut', timeout: 60 })
}

const SOON = { timeout: 60, grace: 20 }

/** Errors of the handler's own: nothing else may come of them. */
const CONTAINED: Poison[] = [
  { kind: 'throwError', comesTo: fails('TypeError', 'no such repository') },
  { kind: 'throwNull', comesTo: fails('Error', 'thrown: null') },
  { kind: 'throwUndefined', comesTo: fails('Error', 'thrown: undefined') },
  { kind: 'throwString', comesTo: fails('Error', 'thrown: a string') },
  { kind: 'throwFunction', comesTo: fails('Error', 'thrown: a function') },
  { kind: 'throwProxy', comesTo: fails('Error', 'thrown: a value of type object') },
  { kind: 'throwEvasiveProxy', comesTo: fails('Error', /^thrown: /) },
  { kind: 'throwGetter', comesTo: fails('Error', /^thrown: /) },
  { kind: 'throwHuge', comesTo: fails('Error', /^x{8192}$/) },
  { kind: 'reject', comesTo: fails('RangeError', 'later') },
  { kind: 'overflow', comesTo: fails('RangeError', /call stack/) },
  { kind: 'returnFunction', comesTo: fails('HelveError', /returnFunction.*JSON.*function/) },
  { kind: 'returnSymbol', comesTo: fails('HelveError', /returnSymbol.*JSON.*symbol/) },
  { kind: 'returnBigInt', comesTo: fails('HelveError', /returnBigInt.*JSON.*BigInt/) },
  { kind: 'returnHuge', comesTo: fails('HelveError', /returnHuge.*1048576.*2097154/) },
  { kind: 'returnCycle', comesTo: fails('HelveError', /returnCycle.*JSON.*circular/) },
  { kind: 'returnThrowingJson', comesTo: fails('HelveError', /returnThrowingJson.*sprung/) },
  { kind: 'returnThrowingThen', comesTo: fails('Error', 'sprung') },
]

/** What ends the thread, and has to be borne. */
const FATAL: Poison[] = [
  { kind: 'exit', payload: { code: 0 }, comesTo: isLost(/code 0/) },
  { kind: 'exit', payload: { code: 7 }, comesTo: isLost(/code 7/) },
  { kind: 'uncaught', comesTo: isLost(/in a callback/) },
  { kind: 'unhandled', comesTo: isLost(/without a handler/) },
  { kind: 'loop', terms: SOON, comesTo: timesOut },
  { kind: 'never', terms: SOON, comesTo: timesOut },
  { kind: 'regex', terms: SOON, comesTo: timesOut },
  { kind: 'polluteThen', terms: SOON, comesTo: timesOut },
]

describe('I7: a handler that fails disturbs nobody, and its thread lives on', () => {
  const lane = new Lane()
  before(() => lane.pool.ready())
  after(() => lane.close())

  for (const { kind, payload, terms, comesTo } of CONTAINED) {
    test(kind, async () => {
      const thread = await lane.thread()
      comesTo(await lane.run(kind, payload, terms))
      assert.equal(await lane.thread(), thread)
      await lane.worksOn()
    })
  }

  test('code and stack of an error are kept, within bounds', async () => {
    const error = failed(await lane.run('throwError'))
    assert.equal(error.code, 'ENOREPO')
    assert.match(error.stack ?? '', /no such repository\n.*poison\.ts/)
    const huge = failed(await lane.run('throwHuge'))
    assert.equal(Buffer.byteLength(huge.stack ?? ''), MAX_ERROR_BYTES)
  })
})

describe('I7: a handler that ends its thread costs a thread, and the capacity comes back', () => {
  const lane = new Lane()
  before(() => lane.pool.ready())
  after(() => lane.close())

  for (const { kind, payload = {}, terms, comesTo } of FATAL) {
    test(`${kind} ${JSON.stringify(payload)}`, async () => {
      const thread = await lane.thread()
      const downs = lane.downs.length
      const outcome = await lane.run(kind, payload, terms)
      // I3: what the run held is given free after the thread has stopped, and not before.
      assert.match(lane.recorder.told.at(-1)!, /^settled/)
      assert.equal(lane.downs.length, downs + 1)
      assert.match(lane.downs.at(-1)!, new RegExp(`^down ${thread}: `))
      comesTo(outcome)
      await lane.worksOn()
      assert.notEqual(await lane.thread(), thread)
    })
  }

  test('a delivery record that cannot be cloned fails its run', async () => {
    const outcome = await lane.run('uncloneableDelivery')
    assert.match(failed(outcome).message, /clone/)
    await lane.worksOn()
  })

  test('a timer that one job leaves behind ends the next one: lost, not failed', async () => {
    await lane.run('leakTimer', { ms: 30 })
    const victim = await lane.hold()
    isLost(/from the job before/)(await lane.recorder.outcome(victim))
    await lane.worksOn()
  })

  test('a timer that one job leaves behind for an idle thread harms no job', async () => {
    const downs = lane.downs.length
    await lane.run('leakTimer', { ms: 1 })
    await lane.recorder.until(() => lane.downs.length > downs, 'the end of the thread')
    await lane.worksOn()
  })
})

test('I7: a handler that eats the memory of its lane loses its thread alone', async (t) => {
  const lane = await openLane(t, { memory: 32, threads: 2 })
  const neighbour = await lane.hold()
  isLost(/memory/)(await lane.run('eatMemory'))
  assert.equal(lane.downs.length, 1)
  lane.release(neighbour)
  assert.equal((await lane.recorder.outcome(neighbour)).type, 'completed')
  await lane.worksOn()
})
