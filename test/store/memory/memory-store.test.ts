import { MemoryStore } from '../../support/memory-store/memory-store.ts'
import { storeContract } from '../contract.ts'

storeContract('MemoryStore', async (t) => {
  const store = new MemoryStore()
  const reopen = async () => {
    const other = new MemoryStore({ database: store.database })
    t.after(() => other.close())
    return other
  }
  t.after(() => store.close())
  return { store, reopen }
})
