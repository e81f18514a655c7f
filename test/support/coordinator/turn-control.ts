import type { Store } from '../../../src/store/store.ts'
import type { Turn, TurnResult } from '../../../src/store/turn.ts'
import { signal, type Signal } from '../signal.ts'

/** Takes hold of a store's turns: looks at them, holds them up, and makes them fail. */
export class TurnControl {
  /** Every turn that was begun, also one that failed. */
  readonly turns: Turn[] = []
  /** Results of the turns that were committed. */
  readonly results: TurnResult[] = []
  /** Gives the error with which a turn fails, once all but its claims is written, or undefined. */
  fails: (turn: Turn) => unknown = () => undefined
  /** Milliseconds for which each turn is said to have held the event loop. */
  held = 0
  #before: Signal | undefined
  #after: Signal | undefined

  constructor(store: Store) {
    const turn = store.turn.bind(store)
    store.turn = async (given) => {
      this.turns.push(given)
      await this.#before?.wait()
      const error = this.fails(given)
      const fail = (): never => {
        throw error
      }
      const taken = await turn(error === undefined ? given : { ...given, admit: fail })
      const result = { ...taken, heldMs: this.held }
      this.results.push(result)
      await this.#after?.wait()
      return result
    }
  }

  /** Stops turns before anything is written; returns a function that lets them go on. */
  holdBefore(): () => void {
    const go = signal('a turn is let into the store')
    this.#before = go
    return () => {
      this.#before = undefined
      go.fire()
    }
  }

  /** Stops turns on disk, before the store says so; returns a function that lets them go on. */
  holdAfter(): () => void {
    const go = signal('a turn is let out of the store')
    this.#after = go
    return () => {
      this.#after = undefined
      go.fire()
    }
  }

  /** How much the turns had in them, in order, without the turns that had nothing. */
  get sizes(): { settles: number; enqueues: number }[] {
    return this.turns
      .map(({ settles, enqueues }) => ({ settles: settles.length, enqueues: enqueues.length }))
      .filter(({ settles, enqueues }) => settles + enqueues > 0)
  }
}

/** What a promise has come to so far. */
export class Fate<T> {
  is: 'pending' | 'resolved' | 'rejected' = 'pending'
  value: T | undefined
  error: unknown

  constructor(promise: Promise<T>) {
    promise.then(
      (value) => Object.assign(this, { is: 'resolved', value }),
      (error: unknown) => Object.assign(this, { is: 'rejected', error }),
    )
  }
}
