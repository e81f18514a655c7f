import { openStore } from '../../support/store.ts'
import { storeContract } from '../contract.ts'

storeContract('SqliteStore', async (t) => {
  const store = await openStore(t)
  return { store, reopen: () => openStore(t, { file: store.file }) }
})
