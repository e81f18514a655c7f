import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Store } from '../../../src/store/store.ts'
import { NO_WORK, type Turn } from '../../../src/store/turn.ts'
import { SEED } from '../part.ts'
import { run, share } from './model.ts'

test('I2, I3, I4, I5, I6, I11: whatever comes, the engine does what the model says', async () => {
  const figures = await run({ seed: SEED, ...share })
  for (const [what, times] of Object.entries(figures)) {
    assert.ok(Number(times) > 0, `never happened: ${what}`)
  }
})

describe('the model finds a store that', () => {
  /** Has the store take a changed turn in the place of the turn that it is asked for. */
  const taking = (change: (turn: Turn) => Turn) => (store: Store) => {
    const turn = store.turn.bind(store)
    store.turn = (given) => turn(change(given))
  }

  const LIES: Record<string, [change: (store: Store) => void, found: RegExp]> = {
    'forgets pauses': [
      taking((turn) => ({ ...turn, admit: (backlog) => turn.admit(backlog, []) })),
      /job \d+ is claimed past a limit\n(.*\n)* {2}pause /,
    ],
    'does not settle lost runs': [
      taking((turn) => ({
        ...turn,
        settles: turn.settles.map((one) => {
          const isLost = 'charge' in one.move && one.move.charge === 'crash'
          return isLost ? { ...one, job: { ...one.job, token: 0 } } : one
        }),
      })),
      /\n {2}(end \[\d,lost|crash) /,
    ],
    'acknowledges jobs that it has not written': [
      (store) => {
        const turn = store.turn.bind(store)
        store.turn = async (given) => {
          const result = await turn({ ...given, enqueues: [] })
          const enqueued = given.enqueues.map((_, i) => ({
            id: 1 + i,
            deduped: false,
            state: 'queued' as const,
          }))
          return { ...result, enqueued }
        }
      },
      /job 1 is left behind/,
    ],
    'forgets submissions that were folded in while a job ran': [
      (store) => {
        const turn = store.turn.bind(store)
        store.turn = async (given) => {
          for (const { job, move } of given.settles) {
            const { id, token } = job
            const isOwed = ((await store.get(id))?.rerunAt ?? null) !== null
            if (!isOwed || move.to !== 'completed') continue
            await turn({ ...NO_WORK, now: given.now, commands: [{ type: 'cancel', id, token }] })
          }
          return turn(given)
        }
      },
      /"key":"(own|shared)"(.*\n)*.*"key":"(own|shared)"/,
    ],
    'has a timeline that follows the wall clock': [
      ({ clock }) => {
        const now = clock.now.bind(clock)
        clock.now = () => clock.wallOf(now())
      },
      /the time of the queue\n(.*\n)* {2}setClock /,
    ],
  }
  for (const [what, [change, found]] of Object.entries(LIES)) {
    test(what, async () => {
      await assert.rejects(run({ seed: SEED, sequences: 500, change }), found)
    })
  }
})
