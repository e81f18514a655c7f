import type { Runtime } from 'helve'

/** What jobs bring about. */
const EVENTS = [
  ...(['completed', 'retrying', 'dead'] as const),
  ...(['breaker:open', 'breaker:closed', 'webhook:disabled', 'webhook:enabled'] as const),
]

type Condition = () => boolean | Promise<boolean>

/** Milliseconds: many, since a repository may be large and a machine slow. */
const PATIENCE = 600_000

/** Waits for conditions that the jobs of a runtime bring about. */
export class Changes {
  readonly #signal: AbortSignal
  readonly #waiting = new Set<() => void>()

  /** @param signal ends all waiting */
  constructor(runtime: Pick<Runtime, 'on'>, signal: AbortSignal) {
    this.#signal = signal
    for (const event of EVENTS) runtime.on(event, () => this.#wake())
    signal.addEventListener('abort', () => this.#wake())
  }

  /**
   * Resolves once the condition holds. The condition is checked now, and whenever a run has ended.
   *
   * @throws Error when the condition does not hold within `PATIENCE`
   */
  async until(condition: Condition): Promise<void> {
    let late = false
    const timer = setTimeout(() => {
      late = true
      this.#wake()
    }, PATIENCE)
    try {
      for (;;) {
        // Waits from before the check on, so that no change during the check is missed.
        const change = new Promise<void>((resolve) => this.#waiting.add(resolve))
        if (await condition()) return
        if (late) throw new Error(`not within ${PATIENCE / 1_000} s`)
        this.#signal.throwIfAborted()
        await change
      }
    } finally {
      clearTimeout(timer)
    }
  }

  #wake(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of waiting) wake()
  }
}
