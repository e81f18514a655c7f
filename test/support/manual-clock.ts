import assert from 'node:assert/strict'
import type { Clock } from '../../src/coordinator/clock.ts'
import type { TimeSources } from '../../src/store/timeline.ts'
import { NOW } from './jobs.ts'
import { loopTurn } from './signal.ts'

/** Only timers or callbacks without end take so many steps. */
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
  /** How many messages to a store, and answers of a store, are on their way. */
  #travelling = 0

  /** By this clock, a turn takes no time of its own. */
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

  /** Time sources for a store, whose time is then this clock's. */
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

  /** The way to a store, or back: a turn of the event loop, for which {@link settle} waits. */
  async travel(): Promise<void> {
    this.#travelling += 1
    await loopTurn()
    this.#travelling -= 1
  }

  /** Milliseconds until each timer fires that is set, the next timer first. */
  get waits(): number[] {
    return this.#timers.map(({ due }) => due - this.#passed).sort((a, b) => a - b)
  }

  /** Lets time pass: fires each timer on the way at its moment, and {@link settle}s after it. */
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

  /** Lets time pass as code does that holds the event loop: no timer fires meanwhile. */
  hold(ms: number): void {
    this.#passed += ms
  }

  /** Somebody sets the wall clock: the wall clock shows another time, and no time has passed. */
  step(ms: number): void {
    this.#offset += ms
  }

  /**
   * Serves the event loop until everything that is left waits for time or for the test. Resolves to
   * the number of rounds in which callbacks of `soon` were called.
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
