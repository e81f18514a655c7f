import type { Room } from '../run/outbox.ts'

/** Room for a number of units in each turn of the event loop of this thread. */
export class LoopRoom implements Room {
  readonly #most: number
  #taken = 0
  #next: Promise<void> | undefined

  /** @param most units in each turn */
  constructor(most: number) {
    this.#most = most
  }

  take(units: number): boolean {
    if (this.#taken > 0 && this.#taken + units > this.#most) return false
    this.overdraw(units)
    return true
  }

  overdraw(units: number): void {
    this.#taken += units
    void this.returned()
  }

  returned(): Promise<void> {
    this.#next ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#taken = 0
        this.#next = undefined
        resolve()
      })
    })
    return this.#next
  }
}
