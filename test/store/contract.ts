import { describe, type TestContext } from 'node:test'
import type { JobStore, RunStore, Store } from '../../src/store/store.ts'
import { breakers } from './contract/breakers.ts'
import { claiming } from './contract/claiming.ts'
import { chance } from './contract/chance.ts'
import { enqueuing } from './contract/enqueuing.ts'
import { folding } from './contract/folding.ts'
import { grouping } from './contract/groups.ts'
import { limiting } from './contract/limits.ts'
import { looking } from './contract/looking.ts'
import { owning } from './contract/owning.ts'
import { settling } from './contract/settling.ts'
import { stopping } from './contract/stopping.ts'
import { tending } from './contract/tending.ts'

export type QueueStore = Store & JobStore & RunStore

/** An empty queue for one test, which is closed and removed through `t.after`. */
export type Open = (t: TestContext) => Promise<Opened>

export interface Opened {
  store: QueueStore
  /** One more connection to the same queue, closed after the test as well. */
  reopen: () => Promise<QueueStore>
}

/** The tests that every store has to pass, whatever the store is built on. */
export function storeContract(name: string, open: Open): void {
  describe(name, () => {
    enqueuing(open)
    folding(open)
    claiming(open)
    settling(open)
    owning(open)
    tending(open)
    looking(open)
    grouping(open)
    limiting(open)
    breakers(open)
    stopping(open)
    chance(open)
  })
}
