import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Random } from '../../support/random.ts'
import { Disk, type Image, type Remains } from './disk.ts'
import { PAGE, SECTOR } from './file.ts'
import type { Entry } from './log.ts'

const FOLDER = 0
const DB = 1
const NEW = 2

function entry(operation: Entry['operation'], file: number, more: Partial<Entry> = {}): Entry {
  return { operation, file, offset: 0, data: Buffer.alloc(0), ...more }
}

const open = (file: number, name: string, isNew = false): Entry =>
  entry('open', file, { offset: isNew ? 1 : 0, data: Buffer.from(name) })
const write = (file: number, offset: number, text: string): Entry =>
  entry('write', file, { offset, data: Buffer.from(text) })
const sync = (file: number): Entry[] => [entry('sync-begin', file), entry('sync-end', file)]

/** The files after a cut, as text. */
function after(remains: Remains, entries: Entry[], seed = 1): Record<string, string> {
  const disk = new Disk(new Map([['db', Buffer.from('old')]]))
  for (const one of entries) disk.apply(one)
  const image: Image = disk.afterCut(remains, new Random(seed))
  return Object.fromEntries([...image].map(([name, bytes]) => [name, bytes.toString()]))
}

describe('after a power cut', () => {
  test('a write is there for certain once its file has been synced', () => {
    const written = [open(DB, 'db'), write(DB, 2, 'der')]
    assert.deepEqual(after('nothing', written), { db: 'old' })
    assert.deepEqual(after('everything', written), { db: 'older' })
    assert.deepEqual(after('nothing', [...written, ...sync(DB)]), { db: 'older' })
  })

  test('a sync does not cover what is written while it goes on', () => {
    const [begin, end] = sync(DB) as [Entry, Entry]
    const entries = [open(DB, 'db'), write(DB, 0, 'O'), begin, write(DB, 1, 'L'), end]
    assert.deepEqual(after('nothing', entries), { db: 'Old' })
    assert.deepEqual(after('nothing', entries.slice(0, -1)), { db: 'old' })
  })

  test('a file is there, or gone, for certain once the folder has been synced', () => {
    const made = [open(NEW, 'new', true), write(NEW, 0, 'x'), ...sync(NEW)]
    assert.deepEqual(after('nothing', made), { db: 'old' })
    assert.deepEqual(after('nothing', [...made, ...sync(FOLDER)]), { db: 'old', new: 'x' })
    const removed = [open(DB, 'db'), entry('unlink', DB, { data: Buffer.from('db') })]
    assert.deepEqual(after('nothing', removed), { db: 'old' })
    assert.deepEqual(after('everything', removed), {})
    assert.deepEqual(after('nothing', [...removed, ...sync(FOLDER)]), {})
  })

  test('a renamed file replaces the file that had the name', () => {
    const entries = [
      ...[open(NEW, 'new', true), write(NEW, 0, 'x'), ...sync(NEW), open(DB, 'db')],
      entry('rename', NEW, { data: Buffer.from('db') }),
    ]
    assert.deepEqual(after('everything', entries), { db: 'x' })
    assert.deepEqual(after('nothing', [...entries, ...sync(FOLDER)]), { db: 'x' })
  })

  test('a truncated file is short, and reads as zero where nothing was written', () => {
    const entries = [open(DB, 'db'), entry('truncate', DB, { offset: 1 }), write(DB, 3, 'x')]
    assert.deepEqual(after('everything', entries), { db: 'o\0\0x' })
  })

  for (const [remains, block] of [
    ['pages', PAGE],
    ['sectors', SECTOR],
  ] as const) {
    test(`${remains} reach the disk whole, each by itself`, () => {
      const size = 4 * PAGE
      const entries = [open(DB, 'db'), write(DB, 0, 'a'.repeat(size)), ...sync(DB)]
      // Neither of the two writes begins or ends where a block does.
      entries.push(write(DB, 100, 'b'.repeat(size - 200)), write(DB, 100, 'c'.repeat(size - 200)))
      const seen = new Set<string>()
      for (let seed = 0; seed < 50; seed += 1) {
        const db = after(remains, entries, seed)['db']!
        assert.equal(db.length, size)
        for (let at = 0; at < size; at += block) {
          const content = db.slice(Math.max(at, 100), Math.min(at + block, size - 100))
          assert.equal(new Set(content).size, 1, `a block of several moments: seed ${seed}`)
          seen.add(content[0]!)
        }
      }
      assert.deepEqual([...seen].sort(), ['a', 'b', 'c'])
    })
  }
})
