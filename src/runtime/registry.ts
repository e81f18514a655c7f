import { checkFunction } from '../job/check.ts'
import type { Handler } from '../run/handler.ts'
import { DEFAULT_POLICY, type Policy } from '../job/policy.ts'
import { checkKind } from '../job/submission.ts'
import { checkKindOptions, policyOf, type KindOptions } from './options.ts'

/** The lane of handlers that are functions on the main thread. */
export const MAIN_LANE = 'main'

interface Registration {
  options: KindOptions
  policy: Policy
}

/** What is known of each kind: its policy, and its handler if that is a function. */
export class Registry {
  readonly #kinds = new Map<string, Registration>()
  readonly #lanes: ReadonlyMap<string, unknown>
  readonly #hasThreads: boolean
  readonly handlers = new Map<string, Handler>()
  /** By lane: kinds that are known to run in it. */
  readonly #known = new Map<string, Set<string>>()

  constructor(lanes: ReadonlyMap<string, unknown>, hasThreads: boolean) {
    this.#lanes = lanes
    this.#hasThreads = hasThreads
  }

  /** A second registration of a kind replaces the first, so that the order of wiring is free. */
  register(kind: unknown, handler: Handler | undefined, given: KindOptions): void {
    const name = checkKind(kind)
    const options = checkKindOptions(given, this.#lanes)
    this.handlers.delete(name)
    if (handler !== undefined) {
      checkFunction(handler, 'handler')
      this.handlers.set(name, handler)
    }
    this.#kinds.set(name, { options, policy: policyOf(options, DEFAULT_POLICY) })
    for (const kinds of this.#known.values()) kinds.delete(name)
    const lane = this.lane(name)
    if (lane !== undefined) this.kinds(lane).add(name)
  }

  options(kind: string): KindOptions {
    return this.#kinds.get(kind)?.options ?? {}
  }

  policy(kind: string): Policy {
    return this.#kinds.get(kind)?.policy ?? DEFAULT_POLICY
  }

  /** Kinds of a lane: those that are registered, and what is added because it was seen. */
  kinds(lane: string): Set<string> {
    const known = this.#known.get(lane) ?? new Set()
    this.#known.set(lane, known)
    return known
  }

  longestGrace(): number {
    const graces = [...this.#kinds.values()].map(({ policy }) => policy.grace)
    return Math.max(DEFAULT_POLICY.grace, ...graces)
  }

  /** Undefined when nobody can handle the kind; whether the threads can, only they know. */
  lane(kind: string): string | undefined {
    if (this.handlers.has(kind)) return MAIN_LANE
    return this.#hasThreads ? this.policy(kind).lane : undefined
  }
}
