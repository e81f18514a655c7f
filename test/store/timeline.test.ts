import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Timeline, type Anchor, type TimeSources } from '../../src/store/timeline.ts'
import { NOW } from '../support/jobs.ts'

const HOUR = 3_600_000
const YEAR = 366 * 24 * HOUR

/** A machine whose clocks a test moves. */
class Machine implements TimeSources {
  boot: string | undefined = 'first'
  #passed = 1_000
  #offset = NOW
  /** Milliseconds that pass whenever the monotonic clock is read. */
  slow = 0

  readonly wall = (): number => this.#offset + this.#passed
  readonly monotonic = (): number => (this.#passed += this.slow)

  pass(ms: number): void {
    this.#passed += ms
  }

  set(ms: number): void {
    this.#offset += ms
  }

  /** Restarts the machine, which has been off for `ms` milliseconds. */
  restart(boot: string | undefined, ms: number): void {
    this.boot = boot
    this.#offset += this.#passed + ms
    this.#passed = 0
  }
}

/** Another timeline that goes on from the anchor of this timeline, as a queue keeps the anchor. */
function reopened(machine: Machine, timeline: Timeline): Timeline {
  const anchor = timeline.toKeep
  return new Timeline(machine, anchor)
}

/** A timeline that has just begun, and the anchor that was kept for it. */
function begun(machine: Machine): { timeline: Timeline; anchor: Anchor } {
  const timeline = new Timeline(machine, undefined)
  const anchor = timeline.toKeep
  assert.ok(anchor)
  timeline.kept(anchor)
  return { timeline, anchor }
}

describe("a queue's time", () => {
  test('begins with what the wall clock shows', () => {
    const machine = new Machine()
    assert.equal(new Timeline(machine, undefined).now(), machine.wall())
  })

  for (const [way, by] of [
    ['forwards', YEAR],
    ['back', -HOUR],
  ] as const) {
    test(`passes as before when the wall clock is set ${way}, and converts to the new wall time`, () => {
      const machine = new Machine()
      const { timeline } = begun(machine)
      const before = timeline.now()
      machine.set(by)
      machine.pass(10)
      const now = timeline.now()
      assert.equal(now, before + 10)
      assert.equal(timeline.wallOf(now), machine.wall())
      assert.equal(timeline.timeOf(machine.wall()), now)
    })

    test(`goes on in another process though the wall clock has been set ${way} meanwhile`, () => {
      const machine = new Machine()
      const { timeline, anchor } = begun(machine)
      const before = timeline.now()
      machine.set(by)
      machine.pass(10)
      const next = new Timeline(machine, anchor)
      assert.equal(next.now(), before + 10)
      assert.equal(next.wallOf(next.now()), machine.wall())
    })
  }

  test('is the same in two processes at the same moment', () => {
    const machine = new Machine()
    const { timeline, anchor } = begun(machine)
    machine.set(-HOUR)
    machine.pass(1_234)
    assert.equal(new Timeline(machine, anchor).now(), timeline.now())
  })

  test('counts the time for which the machine was off, by the wall clock', () => {
    const machine = new Machine()
    const { timeline } = begun(machine)
    machine.pass(60_000)
    const before = timeline.now()
    const anchor = timeline.toKeep
    machine.restart('second', HOUR)
    assert.equal(new Timeline(machine, anchor).now(), before + HOUR)
  })

  for (const boot of ['second', undefined]) {
    test(`never goes back, though the wall clock goes back over a restart (${boot})`, () => {
      const machine = new Machine()
      const { timeline } = begun(machine)
      machine.pass(60_000)
      const before = timeline.now()
      const anchor = timeline.toKeep
      machine.restart(boot, 1_000)
      machine.set(-HOUR)
      const next = new Timeline(machine, anchor)
      assert.equal(next.now(), before)
      machine.pass(5)
      assert.equal(next.now(), before + 5)
    })
  }

  test('is kept once a minute, and at once when the wall clock is set', () => {
    const machine = new Machine()
    const { timeline } = begun(machine)
    machine.pass(59_999)
    assert.equal(timeline.toKeep, undefined)
    machine.pass(1)
    assert.ok(timeline.toKeep)
    timeline.kept(timeline.toKeep)
    assert.equal(timeline.toKeep, undefined)
    machine.set(-HOUR)
    timeline.now()
    assert.ok(timeline.toKeep)
  })

  test('is kept by the first process after a restart, for the processes that come next', () => {
    const machine = new Machine()
    const { timeline } = begun(machine)
    machine.pass(60_000)
    machine.restart('second', 0)
    const first = reopened(machine, timeline)
    assert.equal(first.toKeep?.boot, 'second')
  })

  test('does not follow a wall clock that drifts by less than a tenth of a second', () => {
    const machine = new Machine()
    const { timeline } = begun(machine)
    machine.set(99)
    assert.equal(timeline.wallOf(timeline.now()), timeline.now())
    machine.set(2)
    assert.equal(timeline.wallOf(timeline.now()), timeline.now() + 101)
  })

  test('does not mistake a slow look at the clocks for a clock that has been set', () => {
    const machine = new Machine()
    const { timeline } = begun(machine)
    machine.slow = 500
    const now = timeline.now()
    assert.equal(timeline.wallOf(now), now)
  })
})
