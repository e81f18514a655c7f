import { test as testOnce, type TestContext } from 'node:test'
import type { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import type { ManualClock } from './manual-clock.ts'
import { MemoryStore } from './memory-store/memory-store.ts'
import { openStore } from './store.ts'

export type TestStore = SqliteStore | MemoryStore

type Context = Pick<TestContext, 'after'>
type Open = (t: Context, clock: ManualClock) => Promise<TestStore>

const STORES: Record<string, Open> = {
  SqliteStore: (t, clock) => openStore(t, { durability: 'process', clocks: clock.sources }),
  MemoryStore: async (t, clock) => memoryStore(t, clock),
}

/** The store that each test is for. */
const chosen = new WeakMap<Context, Open>()

/** Runs a test once for each store: {@link openChosen} opens the store that the run is for. */
export function test(name: string, body: (t: TestContext) => unknown): void {
  for (const [store, open] of Object.entries(STORES)) {
    void testOnce(`${name} (${store})`, async (t) => {
      chosen.set(t, open)
      await body(t)
    })
  }
}

/** Opens a new queue of the store that the test is for, on a clock's time. @default SqliteStore */
export function openChosen(t: Context, clock: ManualClock): Promise<TestStore> {
  return (chosen.get(t) ?? STORES['SqliteStore']!)(t, clock)
}

/** Opens one more connection to the queue of a store. */
export async function reopen(t: Context, store: TestStore, clock: ManualClock): Promise<TestStore> {
  if (store instanceof MemoryStore) return memoryStore(t, clock, store.database)
  return openStore(t, { file: store.file, durability: 'process', clocks: clock.sources })
}

function memoryStore(
  t: Context,
  clock: ManualClock,
  database?: MemoryStore['database'],
): MemoryStore {
  const travel = (): Promise<void> => clock.travel()
  const store = new MemoryStore({ database, clocks: clock.sources, travel })
  t.after(() => store.close())
  return store
}
