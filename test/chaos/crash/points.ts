import Database, { type Statement } from 'better-sqlite3'
import { Piscina } from 'piscina'
import { SqliteStore } from '../../../src/index.ts'
import type { Turn } from '../../../src/store/turn.ts'

/** The points at which a process can be made to die, in the order in which a turn passes them. */
export const POINTS = [
  'before BEGIN',
  'before COMMIT',
  'after COMMIT, before the acknowledgement',
  'after the acknowledgement, before the hand-off',
  'after the hand-off',
  'after the outcome, before the settle',
] as const
export type Point = (typeof POINTS)[number]
/** Where a process is killed. */
export type Place = Point | 'anywhere'

/** At which point a process dies, and how. */
export interface Death {
  point: Point
  /** So many times the process passes the point before. */
  after: number
  /** Milliseconds for which the main thread stands still there, while the other threads go on. */
  hold: number
}

/** What the process has done so far. */
export interface Progress {
  /** Submissions that have been acknowledged. */
  acknowledged: number
  /** Called just before the process dies. */
  onDeath: () => void
}

/**
 * Lets this process die at a point of one of its turns. It wraps methods at the borders of the
 * tested code, which stays as it is. Only turns with submissions count, and hand-offs that follow
 * an acknowledgement, so that there is something to lose.
 */
export function dieAt({ point, after, hold }: Death, progress: Progress): void {
  let left = after
  let submissions = 0
  let acknowledged = 0

  const pass = (here: Point, counts: boolean): void => {
    if (here !== point || !counts) return
    if (left === 0) die(hold, progress.onDeath)
    left -= 1
  }

  around(SqliteStore.prototype, 'turn', (turn, of) => {
    const { enqueues, settles } = of as Turn
    submissions = enqueues.length
    acknowledged = progress.acknowledged
    pass('after the outcome, before the settle', settles.length > 0)
    return turn()
  })
  around(Database.prototype, 'prepare', (prepare, sql) => {
    const statement = prepare() as Statement
    if (sql === 'BEGIN IMMEDIATE') {
      around(statement, 'run', (run) => {
        pass('before BEGIN', submissions > 0)
        return run()
      })
    }
    if (sql === 'COMMIT') {
      around(statement, 'run', (run) => {
        pass('before COMMIT', submissions > 0)
        const result = run()
        pass('after COMMIT, before the acknowledgement', submissions > 0)
        return result
      })
    }
    return statement
  })
  around(Piscina.prototype, 'run', (run) => {
    const follows = progress.acknowledged > acknowledged
    pass('after the acknowledgement, before the hand-off', follows)
    const result = run()
    pass('after the hand-off', follows)
    return result
  })
}

/** Replaces a method by `wrapper`, whose first argument makes the original call. */
function around<K extends string>(
  target: Record<K, unknown>,
  name: K,
  wrapper: (call: () => unknown, ...args: unknown[]) => unknown,
): void {
  const method = target[name] as (...args: unknown[]) => unknown
  target[name] = function (this: unknown, ...args: unknown[]) {
    return wrapper(() => method.apply(this, args), ...args)
  }
}

function die(hold: number, onDeath: () => void): never {
  const cell = new Int32Array(new SharedArrayBuffer(4))
  if (hold > 0) Atomics.wait(cell, 0, 0, hold)
  onDeath()
  process.kill(process.pid, 'SIGKILL')
  Atomics.wait(cell, 0, 0)
  throw new Error('never gets here')
}
