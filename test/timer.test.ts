import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { after, sleep, type TimeSource } from '../src/timer.ts'

const DAY = 86_400_000
/** Milliseconds. Node fires a longer timer at once. */
const LONGEST = 2 ** 31 - 1

/** A time that stands still until a test moves it. Timers fire as in Node: late, never early. */
class ManualTime implements TimeSource {
  readonly waits: number[] = []
  #now = 0
  #next: { callback: () => void; due: number; handle: NodeJS.Timeout } | undefined

  now(): number {
    return this.#now
  }

  set(callback: () => void, ms: number): NodeJS.Timeout {
    assert.equal(this.#next, undefined, 'a timer has one step at a time')
    assert.ok(ms >= 0 && ms <= LONGEST, `a step of ${ms} ms`)
    this.waits.push(ms)
    // Tests look only at whether the handle is referenced.
    const handle = setTimeout(() => undefined, 0)
    this.#next = { callback, due: this.#now + ms, handle }
    return handle
  }

  clear(handle: NodeJS.Timeout): void {
    if (this.#next?.handle === handle) this.#next = undefined
    clearTimeout(handle)
  }

  /** Whether the next step keeps the process alive; undefined if there is no step. */
  get keepsAlive(): boolean | undefined {
    return this.#next?.handle.hasRef()
  }

  pass(ms: number): void {
    const until = this.#now + ms
    while (this.#next !== undefined && this.#next.due <= until) {
      const { callback, due, handle } = this.#next
      this.clear(handle)
      this.#now = due
      callback()
    }
    this.#now = until
  }

  /** The machine sleeps: time passes, and no timer fires. */
  oversleep(ms: number): void {
    this.#now += ms
  }
}

function setOff(ms: number) {
  const time = new ManualTime()
  let fired = 0
  const timer = after(ms, () => (fired += 1), time)
  return { time, timer, fired: () => fired }
}

describe('a timer', () => {
  test('fires once, when its time has passed and not before', () => {
    const { time, fired } = setOff(250)
    time.pass(249)
    assert.equal(fired(), 0)
    time.pass(1)
    time.pass(DAY)
    assert.equal(fired(), 1)
    assert.deepEqual(time.waits, [250])
  })

  test('of 30 days waits 30 days', () => {
    const { time, fired } = setOff(30 * DAY)
    time.pass(30 * DAY - 1)
    assert.equal(fired(), 0)
    time.pass(1)
    assert.equal(fired(), 1)
  })

  test('of Infinity never fires', () => {
    const { time, fired } = setOff(Infinity)
    time.pass(30 * DAY)
    assert.equal(fired(), 0)
    assert.equal(time.keepsAlive, true)
  })

  test('whose machine slept is late by one step at most, however long it has to wait', () => {
    const { time, fired } = setOff(30 * DAY)
    time.oversleep(40 * DAY)
    time.pass(0)
    assert.equal(fired(), 1)
  })

  test('can be cancelled in any of its steps', () => {
    for (const passed of [0, DAY]) {
      const { time, timer, fired } = setOff(2 * DAY)
      time.pass(passed)
      timer.cancel()
      time.pass(2 * DAY)
      assert.equal(fired(), 0)
    }
  })

  test('lets the process end after `unref`, in all of its steps, until `ref`', () => {
    const { time, timer } = setOff(2 * DAY)
    timer.unref()
    assert.equal(time.keepsAlive, false)
    time.pass(DAY)
    assert.equal(time.keepsAlive, false)
    timer.ref()
    time.pass(DAY / 2)
    assert.equal(time.keepsAlive, true)
    timer.cancel()
  })
})

test('a sleep that is aborted ends at once, also one that was aborted before', async () => {
  const controller = new AbortController()
  const sleeping = sleep(30 * DAY, controller.signal)
  controller.abort()
  await sleeping
  await sleep(30 * DAY, controller.signal)
})
