import type { PauseTarget } from '../../../src/job/pause.ts'
import type { Policy, Rate } from '../../../src/job/policy.ts'
import { groupOf, type Job } from './job.ts'
import { LANES, SPARE, type Kind, type Lane } from './kinds.ts'

/** A clock that is set back by more than this (ms) takes what is left of the rates along. */
const SET_BACK = 1_000

/**
 * When a bucket will be full. It is never more than empty, whatever the clock shows; but by a clock
 * that is set back a little, that is seen to only when somebody looks at it: until it is full, it
 * may then have been full from `least` on, and is at `most`.
 */
interface Bucket {
  least: number
  most: number
  per: number
}

/** What keeps jobs from running although they are due. */
export class Limits {
  readonly slots: Record<Lane, number>
  readonly policies: Record<Kind, Policy>
  /** By what is paused: a lane, a kind, or a kind with a group. */
  readonly #paused = new Map<string, PauseTarget>()
  /** By kind, or kind and group. */
  readonly #buckets = new Map<string, Bucket>()

  constructor(slots: Record<Lane, number>, policies: Record<Kind, Policy>) {
    this.slots = slots
    this.policies = policies
  }

  get pauses(): PauseTarget[] {
    return [...this.#paused.values()]
  }

  /** False when it is paused already. */
  pause(target: PauseTarget): boolean {
    const isNew = !this.#paused.has(targetName(target))
    this.#paused.set(targetName(target), target)
    return isNew
  }

  resume(target: PauseTarget): void {
    this.#paused.delete(targetName(target))
  }

  /** Whether its lane has a slot for it. */
  hasSlot({ kind }: Job, running: Job[]): boolean {
    const lane = LANES[kind]
    if (lane === null) return true
    const held = running.filter((job) => job.onThread && LANES[job.kind] === lane)
    const own = held.filter((job) => job.kind === kind)
    const slots = this.slots[lane] + (own.length === 0 ? SPARE : 0)
    return held.length < slots && own.length < this.most(kind)
  }

  /**
   * When time alone gives it everything else; Infinity if that takes more than time.
   *
   * @param bound from when on it may start, or by when it has to
   */
  readyAt(job: Job, running: Job[], now: number, bound: 'least' | 'most' = 'most'): number {
    if (this.#isPaused(job) || !this.#hasPlace(job, running)) return Infinity
    const { rate, groupRate } = this.policies[job.kind]
    const ofGroup = groupOf(job) === null ? 0 : this.#freeAt(groupName(job), groupRate, bound)
    return Math.max(now, job.runAt, this.#freeAt(job.kind, rate, bound), ofGroup)
  }

  /** Slots of its lane that a kind may hold. */
  most(kind: Kind): number {
    const lane = LANES[kind]
    const slots = lane === null ? Infinity : this.slots[lane]
    return Math.min(slots, this.policies[kind].concurrency)
  }

  /** Takes the tokens of a start. */
  take(job: Job, now: number): void {
    const { rate, groupRate } = this.policies[job.kind]
    this.#take(job.kind, rate, now)
    if (groupOf(job) !== null) this.#take(groupName(job), groupRate, now)
  }

  /** The clock shows `ms` less than at the turn before. */
  setBack(ms: number, now: number): void {
    if (ms <= 0) return
    for (const bucket of this.#buckets.values()) {
      if (ms <= SET_BACK) bucket.least = Math.min(bucket.least, now + bucket.per)
      else Object.assign(bucket, { least: bucket.least - ms, most: bucket.most - ms })
    }
  }

  #isPaused(job: Job): boolean {
    const names = [`lane ${LANES[job.kind]}`, job.kind, groupName(job)]
    return names.some((name) => this.#paused.has(name))
  }

  /** Whether its group lets one more run. */
  #hasPlace(job: Job, running: Job[]): boolean {
    if (groupOf(job) === null) return true
    const together = running.filter((other) => groupName(other) === groupName(job))
    return together.length < this.policies[job.kind].groupConcurrency
  }

  /** A bucket holds `per` milliseconds; a run takes its part of them, and time brings them back. */
  #freeAt(name: string, rate: Rate | undefined, bound: 'least' | 'most'): number {
    if (rate === undefined) return 0
    return (this.#buckets.get(name)?.[bound] ?? 0) + rate.per / rate.limit - rate.per
  }

  #take(name: string, rate: Rate | undefined, now: number): void {
    if (rate === undefined) return
    const { least, most } = this.#buckets.get(name) ?? { least: 0, most: 0 }
    const full = (before: number): number => Math.max(before, now) + rate.per / rate.limit
    this.#buckets.set(name, { least: full(least), most: full(most), per: rate.per })
  }
}

function targetName(target: PauseTarget): string {
  if ('lane' in target) return `lane ${target.lane}`
  return target.group === undefined ? target.kind : `${target.kind} ${target.group}`
}

function groupName(job: Job): string {
  return `${job.kind} ${groupOf(job)}`
}
