import { checkFunction } from '../job/check.ts'
import { HelveError } from '../job/errors.ts'
import { misspelt } from '../job/nearest.ts'
import type { Handler } from '../run/handler.ts'
import { DEFAULT_POLICY, policyOf, type KindOptions, type Policy } from '../job/policy.ts'
import { checkKind } from '../job/submission.ts'
import type { CheckedOptions } from './options.ts'

/** The lane of handlers that are functions on the main thread. */
export const MAIN_LANE = 'main'

/** What is known of each kind: its policy, and its handler if the handler is a function. */
export class Registry {
  readonly #policies = new Map<string, Policy>()
  readonly #lanes: ReadonlyMap<string, unknown>
  readonly #hasThreads: boolean
  readonly #unknownKinds: 'dead' | 'wait'
  /** The kinds of the handlers module; undefined until a thread has told them. */
  #moduleKinds: Set<string> | undefined
  readonly #handlers = new Map<string, Handler>()
  /** Functions on the main thread, by kind. */
  readonly handlers: ReadonlyMap<string, Handler> = this.#handlers

  constructor({ lanes, handlers, unknownKinds }: CheckedOptions) {
    this.#lanes = lanes
    this.#hasThreads = handlers !== undefined
    this.#unknownKinds = unknownKinds
  }

  /** A second registration of a kind replaces the first, so that the order of wiring is free. */
  register(kind: unknown, handler: Handler | undefined, options: KindOptions): void {
    const name = checkKind(kind)
    const policy = policyOf(options, this.#lanes)
    if (handler === undefined && this.#moduleKinds) this.#checkInModule(name)
    this.#handlers.delete(name)
    if (handler !== undefined) {
      checkFunction(handler, 'handler')
      this.#handlers.set(name, handler)
    }
    this.#policies.set(name, policy)
  }

  policy(kind: string): Policy {
    return this.#policies.get(kind) ?? DEFAULT_POLICY
  }

  /** The registered kinds. */
  get kinds(): string[] {
    return [...this.#policies.keys()]
  }

  longestGrace(): number {
    const graces = [...this.#policies.values()].map(({ grace }) => grace)
    return Math.max(DEFAULT_POLICY.grace, ...graces)
  }

  /** The lane that runs a kind; undefined when nobody can handle the kind, as far as is known. */
  lane(kind: string): string | undefined {
    if (this.handlers.has(kind)) return MAIN_LANE
    return this.#mayThreadsHandle(kind) ? this.policy(kind).lane : undefined
  }

  /**
   * Adds the kinds of the handlers module, as a thread tells them. Returns the kinds that no thread
   * has told before; none for the first thread that tells.
   */
  know(kinds: readonly string[]): string[] {
    const before = this.#moduleKinds
    this.#moduleKinds = new Set([...(this.#moduleKinds ?? []), ...kinds])
    return before === undefined ? [] : kinds.filter((kind) => !before.has(kind))
  }

  /**
   * Checks that each kind that was registered without a function has a handler.
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
