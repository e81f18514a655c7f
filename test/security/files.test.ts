import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { SqliteStore } from '../../src/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { aJob, enqueue, NOW, refusal } from '../support/jobs.ts'
import { openStore } from '../support/store.ts'

// test/store/sqlite/file.test.ts tests the modes of the store's files.

/** Which file of a store is a symbolic link, and what the link leads to. */
const LINKS = [
  { suffix: '', to: 'a queue', code: 'HELVE_ERR_OPTION' },
  { suffix: '', to: 'a text', code: 'HELVE_ERR_OPTION' },
  { suffix: '', to: 'nothing', code: 'HELVE_ERR_OPTION' },
  { suffix: '-owner', to: 'a text', code: 'HELVE_ERR_OPTION' },
  { suffix: '-owner', to: 'nothing', code: 'HELVE_ERR_OPTION' },
  { suffix: '-wal', to: 'a text', code: 'HELVE_ERR_STORE_LOST' },
  { suffix: '-wal', to: 'nothing', code: 'HELVE_ERR_STORE_LOST' },
  { suffix: '-shm', to: 'a text', code: 'HELVE_ERR_STORE_LOST' },
  { suffix: '-shm', to: 'nothing', code: 'HELVE_ERR_STORE_LOST' },
] as const

const TEXT = 'somebody else’s\n'

describe('no symbolic link is followed, and its target stays as it is', () => {
  for (const { suffix, to, code } of LINKS) {
    test(`queue.db${suffix}, which leads to ${to}`, async (t) => {
      const folder = await temporaryFolder(t)
      const [file, target] = [join(folder, 'queue.db'), join(folder, 'target')]
      if (suffix !== '') await (await SqliteStore.open(file)).close()
      if (to === 'a queue') await (await SqliteStore.open(target)).close()
      if (to === 'a text') await writeFile(target, TEXT, { mode: 0o644 })
      const before = existsSync(target) ? await stat(target) : undefined
      await symlink(target, file + suffix)
      const use = async (): Promise<void> => {
        const store = await openStore(t, { file })
        await store.join(NOW)
        await store.enqueue(aJob(), NOW)
      }
      await assert.rejects(use(), refusal(code, 'file', 'queue.db'))
      const after = existsSync(target) ? await stat(target) : undefined
      assert.deepEqual([after?.size, after?.mtimeMs], [before?.size, before?.mtimeMs])
    })
  }

  for (const to of ['a text', 'nothing']) {
    test(`a backup to a link that leads to ${to}`, async (t) => {
      const store = await openStore(t)
      const folder = await temporaryFolder(t)
      const [path, target] = [join(folder, 'copy.db'), join(folder, 'target')]
      if (to === 'a text') await writeFile(target, TEXT)
      await symlink(target, path)
      await assert.rejects(
        store.backup(path),
        refusal('HELVE_ERR_OPTION', 'copy.db', 'symbolic link'),
      )
      assert.deepEqual(await readdir(folder), to === 'a text' ? ['copy.db', 'target'] : ['copy.db'])
    })
  }

  test('a link that takes the place of the open file', async (t) => {
    const store = await openStore(t)
    await enqueue(store, aJob())
    await rename(store.file, `${store.file}.old`)
    await symlink(`${store.file}.old`, store.file)
    await assert.rejects(store.enqueue(aJob(), NOW), refusal('HELVE_ERR_STORE_LOST', 'file'))
  })
})

test('I3: no second name of a file makes a second owner', async (t) => {
  const store = await openStore(t)
  await store.join(NOW)
  const folder = await temporaryFolder(t)
  const other = join(folder, 'other.db')
  await symlink(store.file, other)
  await assert.rejects(SqliteStore.open(other), refusal('HELVE_ERR_OPTION', 'file', other))
  // A link to the folder leads to the same file, and so to the same lock.
  const way = join(folder, 'way')
  await symlink(join(store.file, '..'), way)
  const second = await openStore(t, { file: join(way, 'queue.db') })
  await assert.rejects(second.join(NOW), refusal('HELVE_ERR_OWNED', 'file'))
})

test('a missing folder is not created, whatever its mode would be', async (t) => {
  const folder = await temporaryFolder(t)
  const missing = join(folder, 'missing')
  const store = await openStore(t, { file: join(folder, 'queue.db') })
  const path = join(missing, 'copy.db')
  await assert.rejects(SqliteStore.open(join(missing, 'queue.db')), refusal('HELVE_ERR_OPTION'))
  await assert.rejects(store.backup(path), refusal('HELVE_ERR_STORE_READONLY', path))
  assert.equal(existsSync(missing), false)
  // In a folder that its owner has made, the owner can read and write the file of the backup.
  await mkdir(missing, { mode: 0o700 })
  await store.backup(path)
  assert.equal(((await stat(path)).mode & 0o777).toString(8), '600')
  await rm(path)
})
