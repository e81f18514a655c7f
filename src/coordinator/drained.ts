import type { Events } from '../events.ts'
import type { Inspection } from '../store/inspection.ts'
import type { Clock } from './clock.ts'

interface Parts {
  store: Pick<Inspection, 'oldestDue'>
  events: Events
  clock: Clock
}

/** Tells, once for each time, that the queue has become empty of what is due. */
export class Drained {
  readonly #parts: Parts
  #isTold = false

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Whoever begins to claim is told, too, also of a queue that has been empty for long. */
  begun(): void {
    this.#isTold = false
  }

  /** A job has been claimed. */
  claimed(): void {
    this.#isTold = false
  }

  /**
   * A turn has left nothing running, and found nothing that it may claim. What is due and may not be
   * claimed (it is paused, say) only the store knows.
   *
   * @param isIdle whether that is still so
   */
  async idle(isIdle: () => boolean): Promise<void> {
    const { store, events, clock } = this.#parts
    if (this.#isTold || !events.heard('drained')) return
    this.#isTold = true
    const at = clock.now()
    // A store that fails says so at the next turn.
    const isEmpty = await store.oldestDue(at).then(
      (due) => due === undefined,
      () => false,
    )
    if (isEmpty && isIdle()) events.emit('drained', () => ({ at }))
    else this.#isTold = false
  }
}
