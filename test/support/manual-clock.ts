import assert from 'node:assert/strict'
import type { Clock } from '../../src/coordinator/clock.ts'
import type { TimeSources } from '../../src/store/timeline.ts'
import { NOW } from './jobs.ts'
import { loopTurn } from './signal.ts'

/** Only what goes on for ever goes on for so long. */
const MOST = 10_000

interface Timer {
  /** On the clock's own time, which {@link ManualClock.step} does not touch. */
  due: number
  callback: () => void
}

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  /** Milliseconds that have passed. */
  #passed = 0
  /** The wall clock is this much ahead of the queue's time. */
  #offset = 0
  #timers: Timer[] = []
  #soons: (() => void)[] = []
  /** Messages to a store, and answers of one, that are on their way. */
  #travelling = 0

  /** A turn takes no time of its own. */
  monotonic(): number {
    return this.#passed
  }

  now(): number {
    return NOW + this.#passed
  }

  /** What the wall clock shows. */
  wall(): number {
    return this.wallOf(this.now())
  }

  wallOf(time: number): number {
    return time + this.#offset
  }

  timeOf(wall: number): number {
    return wall - this.#offset
  }

  /** For a store, whose time is then this clock's. */
  get sources(): TimeSources {
    return { wall: () => this.wall(), monotonic: () => this.#passed, boot: 'the one of the test' }
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { due: this.#passed + ms, callback }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  soon(callback: () => void): void {
    this.#soons.push(callback)
  }

  /** A turn of the event loop, for which {@link settle} waits: the way to a store, or back. */
  async travel(): Promise<void> {
    this.#travelling += 1
    await loopTurn()
    this.#travelling -= 1
  }

  /** Milliseconds until each timer fires that is set, the next one first. */
  get waits(): number[] {
    return this.#timers.map(({ due }) => due - this.#passed).sort((a, b) => a - b)
  }

  /** Lets time pass: fires what is due on the way, each timer at its moment and with what follows. */
  async advance(ms: number): Promise<void> {
    const until = this.#passed + ms
    await this.settle()
    for (let fired = 0; ; fired++) {
      assert.ok(fired < MOST, 'timers without end: one sets itself off again and again')
      const next = this.#timers.toSorted((a, b) => a.due - b.due).at(0)
      if (next === undefined || next.due > until) break
      this.#timers = this.#timers.filter((other) => other !== next)
      this.#passed = Math.max(this.#passed, next.due)
      next.callback()
      await this.settle()
    }
    this.#passed = until
  }

  /** The code that runs holds the event loop for so long: no timer fires meanwhile. */
  hold(ms: number): void {
    this.#passed += ms
  }

  /** Somebody sets the wall clock: it shows another time, and none has passed. */
  step(ms: number): void {
    this.#offset += ms
  }

  /**
   * Serves the event loop until nothing is left that does not wait for time or for the test.
   * Resolves to how often what was to happen soon has happened.
   */
  async settle(): Promise<number> {
    let rounds = 0
    await loopTurn()
    for (let turns = 0; this.#soons.length + this.#travelling > 0; turns++) {
      assert.ok(turns < MOST, 'it never settles: something sets itself off again and again')
      const soons = this.#soons.splice(0)
      if (soons.length > 0) rounds += 1
      for (const callback of soons) callback()
      await loopTurn()
    }
    return rounds
  }
}
