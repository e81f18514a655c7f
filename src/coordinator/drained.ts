import type { Events } from '../events.ts'
import type { Inspection } from '../store/inspection.ts'
import type { Clock } from './clock.ts'

interface Parts {
  store: Pick<Inspection, 'oldestDue'>
  events: Events
  clock: Clock
}

/** Emits `drained` once each time that nothing runs any more and no job is due. */
export class Drained {
  readonly #parts: Parts
  #isTold = false

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /**
   * The runtime begins to claim: `drained` is told also of a queue that has been empty for long.
   */
  begun(): void {
    this.#isTold = false
  }

  /** A job has been claimed. */
  claimed(): void {
    this.#isTold = false
  }

  /**
   * A turn has left nothing running, and found no job that it may claim. Only the store knows
   * whether a job is due that may not be claimed (a paused one, say).
   *
   * @param isIdle whether the runtime still claims and still has nothing to do
   */
  async idle(isIdle: () => boolean): Promise<void> {
    const { store, events, clock } = this.#parts
    if (this.#isTold || !events.heard('drained')) return
    this.#isTold = true
    const at = clock.now()
    // A store that fails reports its error at the next turn.
    const isEmpty = await store.oldestDue(at).then(
      (due) => due === undefined,
      () => false,
    )
    if (isEmpty && isIdle()) events.emit('drained', () => ({ at }))
    else this.#isTold = false
  }
}
