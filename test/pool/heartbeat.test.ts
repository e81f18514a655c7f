import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { NOBODY } from '../../src/thread/pulse.ts'
import { Heartbeat, LOOK_INTERVAL } from '../../src/pool/heartbeat.ts'

/** The heartbeat of a thread, on a clock that the test moves. */
function setUp(t: TestContext) {
  let now = 5_000
  const seconds = (): [number, number] => [Math.floor(now / 1e3), (now % 1e3) * 1e6]
  t.mock.method(process, 'hrtime', seconds)
  const held = (by: number): void => void Atomics.store(heartbeat.pulse.holder, 0, by)
  const thread = { isKeptWaiting: false, isCold: false }
  const heartbeat = new Heartbeat(
    () => thread.isKeptWaiting,
    () => thread.isCold,
  )
  const look = (after = LOOK_INTERVAL) => {
    now += after
    return heartbeat.look()
  }
  /** Looks until the thread has changed, at most twenty times. `after`: how long that took. */
  const lookUntilChanged = () => {
    const start = now
    for (let n = 0; n < 20; n += 1) {
      const change = look()
      if (change) return { ...change, after: now - start }
    }
    return undefined
  }
  const beat = (): void => void (heartbeat.pulse.beat[0] = now)
  const rest = (): void => void (heartbeat.pulse.beat[0] = -now)
  return { heartbeat, thread, look, lookUntilChanged, beat, rest, held }
}

test('a thread that beats is not stalled', (t) => {
  const { look, beat } = setUp(t)
  for (let n = 0; n < 100; n += 1) {
    beat()
    assert.equal(look(), undefined)
  }
})

test('a thread that a run holds is stalled within 100 ms, until it beats again', (t) => {
  const { heartbeat, look, lookUntilChanged, beat, held } = setUp(t)
  beat()
  held(0)
  const stall = lookUntilChanged()
  assert.ok(stall?.isStalled && heartbeat.isStalled)
  assert.ok(stall.after > 60 && stall.after < 100, `after ${stall.after}`)
  assert.equal(stall.heldMs, stall.after)
  held(NOBODY)
  assert.equal(lookUntilChanged(), undefined)
  beat()
  const { isStalled, heldMs } = look()!
  assert.deepEqual([isStalled, heartbeat.isStalled], [false, false])
  assert.equal(heldMs, stall.after + 20 * LOOK_INTERVAL + LOOK_INTERVAL)
})

test('a thread that no run holds is stalled after 300 ms: it may lack a processor', (t) => {
  const { lookUntilChanged, beat } = setUp(t)
  beat()
  const stall = lookUntilChanged()
  assert.ok(stall?.isStalled)
  assert.ok(stall.after >= 300 && stall.after < 340, `after ${stall.after}`)
})

test('a cold thread is stalled after 300 ms: it may be loading modules', (t) => {
  const { thread, lookUntilChanged, beat, held } = setUp(t)
  thread.isCold = true
  beat()
  held(0)
  const stall = lookUntilChanged()
  assert.ok(stall?.isStalled)
  assert.ok(stall.after >= 300 && stall.after < 340, `after ${stall.after}`)
})

test('a thread that has not beaten yet is booting, and never stalled', (t) => {
  const { thread, lookUntilChanged } = setUp(t)
  thread.isKeptWaiting = true
  assert.equal(lookUntilChanged(), undefined)
})

test('an idle thread is stalled only while a job waits for it', (t) => {
  const { thread, look, lookUntilChanged, beat, rest } = setUp(t)
  beat()
  look()
  rest()
  assert.equal(lookUntilChanged(), undefined)
  thread.isKeptWaiting = true
  assert.ok(lookUntilChanged()?.isStalled)
})

test('an idle thread that beats between looks is not stalled, though a job waits at each look', (t) => {
  const { thread, look, rest } = setUp(t)
  thread.isKeptWaiting = true
  for (let n = 0; n < 100; n += 1) {
    rest()
    assert.equal(look(), undefined)
  }
})

test('after a pause of the main thread, an old beat does not make a thread stalled', (t) => {
  const { look, lookUntilChanged, beat, held } = setUp(t)
  held(3)
  beat()
  assert.equal(look(5), undefined)
  assert.equal(look(60_000), undefined)
  beat()
  assert.equal(look(), undefined)
  assert.equal(look(60_000), undefined)
  assert.ok(lookUntilChanged()?.isStalled)
})

test('the thread that replaces a stalled one is not stalled', (t) => {
  const { heartbeat, look, lookUntilChanged, beat } = setUp(t)
  beat()
  assert.ok(lookUntilChanged()?.isStalled)
  heartbeat.reset()
  assert.equal(heartbeat.isStalled, false)
  beat()
  assert.equal(look(), undefined)
})
