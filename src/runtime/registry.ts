import { checkFunction } from '../job/check.ts'
import { HelveError } from '../job/errors.ts'
import { misspelt } from '../job/nearest.ts'
import type { Handler } from '../run/handler.ts'
import { DEFAULT_POLICY, policyOf, type KindOptions, type Policy } from '../job/policy.ts'
import { checkKind } from '../job/submission.ts'

/** The lane of handlers that are functions on the main thread. */
export const MAIN_LANE = 'main'

/** What is known of each kind: its policy, and its handler if that is a function. */
export class Registry {
  readonly #policies = new Map<string, Policy>()
  readonly #lanes: ReadonlyMap<string, unknown>
  readonly #hasThreads: boolean
  readonly #unknownKinds: 'dead' | 'wait'
  /** Those of the handlers module; undefined until a thread has told. */
  #moduleKinds: Set<string> | undefined
  readonly handlers = new Map<string, Handler>()
  /** By lane: kinds that are known to run in it. */
  readonly #known = new Map<string, Set<string>>()

  constructor(
    lanes: ReadonlyMap<string, unknown>,
    hasThreads: boolean,
    unknownKinds: 'dead' | 'wait',
  ) {
    this.#lanes = lanes
    this.#hasThreads = hasThreads
    this.#unknownKinds = unknownKinds
  }

  /** A second registration of a kind replaces the first, so that the order of wiring is free. */
  register(kind: unknown, handler: Handler | undefined, options: KindOptions): void {
    const name = checkKind(kind)
    const policy = policyOf(options, this.#lanes)
    if (handler === undefined && this.#moduleKinds) this.#checkInModule(name)
    this.handlers.delete(name)
    if (handler !== undefined) {
      checkFunction(handler, 'handler')
      this.handlers.set(name, handler)
    }
    this.#policies.set(name, policy)
    for (const kinds of this.#known.values()) kinds.delete(name)
    const lane = this.lane(name)
    if (lane !== undefined) this.kinds(lane).add(name)
  }

  policy(kind: string): Policy {
    return this.#policies.get(kind) ?? DEFAULT_POLICY
  }

  /** Kinds of a lane: those that are registered, and what is added because it was seen. */
  kinds(lane: string): Set<string> {
    const known = this.#known.get(lane) ?? new Set()
    this.#known.set(lane, known)
    return known
  }

  longestGrace(): number {
    const graces = [...this.#policies.values()].map(({ grace }) => grace)
    return Math.max(DEFAULT_POLICY.grace, ...graces)
  }

  /** Undefined when nobody can handle the kind, as far as that is known. */
  lane(kind: string): string | undefined {
    if (this.handlers.has(kind)) return MAIN_LANE
    return this.#mayThreadsHandle(kind) ? this.policy(kind).lane : undefined
  }

  /** A thread has told which kinds its handlers module has. Those that no thread had so far. */
  know(kinds: readonly string[]): string[] {
    const before = this.#moduleKinds
    this.#moduleKinds = new Set([...(this.#moduleKinds ?? []), ...kinds])
    for (const known of this.#known.values()) {
      for (const kind of known) if (this.lane(kind) === undefined) known.delete(kind)
    }
    return before === undefined ? [] : kinds.filter((kind) => !before.has(kind))
  }

  /**
   * Looks whether each kind that was registered without a function has a handler.
   *
   * @throws HelveError `HELVE_ERR_KIND`
   */
  checkKinds(): void {
    for (const kind of this.#policies.keys())
      if (!this.handlers.has(kind)) this.#checkInModule(kind)
  }

  #checkInModule(kind: string): void {
    if (this.#unknownKinds === 'wait' || this.#mayThreadsHandle(kind)) return
    const kinds = [...(this.#moduleKinds ?? [])]
    const expected = this.#hasThreads
      ? `of the handlers module: ${misspelt(kind, kinds)}`
      : `expected one with a function, or a handlers module, got ${kind} with neither`
    throw new HelveError('HELVE_ERR_KIND', `kind: ${expected}`)
  }

  #mayThreadsHandle(kind: string): boolean {
    return this.#hasThreads && (this.#moduleKinds?.has(kind) ?? true)
  }
}
