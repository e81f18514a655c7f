import type { PauseTarget } from '../../../src/job/pause.ts'
import type { Policy } from '../../../src/job/policy.ts'
import type { Rate } from '../../../src/job/rate.ts'
import type { Job } from './job.ts'
import { LANES, SPARE, type Kind, type Lane } from './kinds.ts'

/** What keeps jobs from running although they are due. */
export class Limits {
  readonly slots: Record<Lane, number>
  readonly policies: Record<Kind, Policy>
  /** Pauses by the name of what is paused: a lane, a kind, or a kind with a group. */
  readonly #paused = new Map<string, PauseTarget>()
  /** When a bucket will be full, by kind, or kind and group. */
  readonly #full = new Map<string, number>()

  constructor(slots: Record<Lane, number>, policies: Record<Kind, Policy>) {
    this.slots = slots
    this.policies = policies
  }

  get pauses(): PauseTarget[] {
    return [...this.#paused.values()]
  }

  /** Returns false when the target is paused already. */
  pause(target: PauseTarget): boolean {
    const isNew = !this.#paused.has(targetName(target))
    this.#paused.set(targetName(target), target)
    return isNew
  }

  /** Returns false when the target is not paused. */
  resume(target: PauseTarget): boolean {
    return this.#paused.delete(targetName(target))
  }

  /** Whether the job's lane has a slot for the job. */
  hasSlot({ kind }: Job, running: Job[]): boolean {
    const lane = LANES[kind]
    if (lane === null) return true
    const held = running.filter((job) => job.onThread && LANES[job.kind] === lane)
    const own = held.filter((job) => job.kind === kind)
    const slots = this.slots[lane] + (own.length === 0 ? SPARE : 0)
    return held.length < slots && own.length < this.most(kind)
  }

  /** When time alone lets a due job start; Infinity if the start takes more than time. */
  freeAt(job: Job, running: Job[]): number {
    if (this.#isPaused(job) || !this.#hasPlace(job, running)) return Infinity
    const { rate, groupRate } = this.policies[job.kind]
    const ofGroup = job.group === null ? -Infinity : this.#tokenAt(groupName(job), groupRate)
    return Math.max(this.#tokenAt(job.kind, rate), ofGroup)
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
    if (job.group !== null) this.#take(groupName(job), groupRate, now)
  }

  #isPaused(job: Job): boolean {
    const names = [`lane ${LANES[job.kind]}`, job.kind, groupName(job)]
    return names.some((name) => this.#paused.has(name))
  }

  /** Whether the job's group lets one more job run. */
  #hasPlace(job: Job, running: Job[]): boolean {
    if (job.group === null) return true
    const together = running.filter((other) => groupName(other) === groupName(job))
    return together.length < this.policies[job.kind].groupConcurrency
  }

  /** A bucket holds `per` ms; a run takes `per / limit` of them, and time brings them back. */
  #tokenAt(name: string, rate: Rate | undefined): number {
    if (rate === undefined) return -Infinity
    return (this.#full.get(name) ?? -Infinity) + rate.per / rate.limit - rate.per
  }

  #take(name: string, rate: Rate | undefined, now: number): void {
    if (rate === undefined) return
    const full = Math.max(this.#full.get(name) ?? -Infinity, now)
    this.#full.set(name, full + rate.per / rate.limit)
  }
}

function targetName(target: PauseTarget): string {
  if ('lane' in target) return `lane ${target.lane}`
  return target.group === undefined ? target.kind : `${target.kind} ${target.group}`
}

function groupName(job: Job): string {
  return `${job.kind} ${job.group}`
}
