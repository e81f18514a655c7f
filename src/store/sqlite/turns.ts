import type { Pause } from '../../job/pause.ts'
import { isPromise } from '../command.ts'
import type { Turn } from '../turn.ts'
import { takeTurn, type Taken, type TurnSteps } from '../rules/turn-steps.ts'
import { pauses } from './standing.ts'
import { SqliteSteps, type TurnParts } from './steps.ts'

/** Takes the turns of the queue; each turn is one transaction. */
export class Turns {
  readonly #parts: TurnParts
  #pauses: Pause[] = []
  #pausesVersion: unknown = undefined

  constructor(parts: TurnParts) {
    this.#parts = parts
  }

  take(turn: Turn): Taken {
    return takeTurn(turn, (isCareful, body) => this.#transact(turn, isCareful, body))
  }

  #transact(turn: Turn, isCareful: boolean, body: (steps: TurnSteps) => Taken): Taken {
    const { transactions, statements, clock } = this.#parts
    const isPromised = turn.enqueues.length > 0 || turn.commands.some(isPromise)
    const currentPauses = (): readonly Pause[] => this.#currentPauses()
    const { now } = turn
    try {
      return transactions[isPromised ? 'acknowledged' : 'repeatable']((changes) => {
        const work = { statements, changes, now, wall: clock.wallOf(now) }
        return body(new SqliteSteps(this.#parts, work, isCareful, currentPauses))
      })
    } catch (error) {
      // The pauses that the turn made were rolled back with the transaction.
      this.#pausesVersion = undefined
      throw error
    }
  }

  /** Reads the pauses again only when something has been paused or resumed. */
  #currentPauses(): readonly Pause[] {
    const { statements } = this.#parts
    const version = statements.pausesVersion.get()
    if (version !== this.#pausesVersion) {
      this.#pauses = pauses(statements)
      this.#pausesVersion = version
    }
    return this.#pauses
  }
}
