import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { getHeapStatistics } from 'node:v8'
import { HeapLimit } from '../../src/pool/heap-limit.ts'

const MIB = 1_048_576

const heap = (used: number, limit: number) => ({
  ...getHeapStatistics(),
  used_heap_size: used * MIB,
  heap_size_limit: limit * MIB,
})

describe('the limit of the heap of a thread', () => {
  test('V8 has more room than the limit, but not on a Node that cannot measure heaps', () => {
    const ofV8 = (isKnown: boolean) =>
      [64, 256, undefined].map((memory) => new HeapLimit(memory, isKnown).ofV8)
    assert.deepEqual(ofV8(false), [64, 256, undefined])
    assert.deepEqual(ofV8(true), [160, 512, undefined])
  })

  test('is broken between the limit and the limit of V8', () => {
    const limit = new HeapLimit(256, true)
    for (const used of [0, 256, 409]) assert.equal(limit.broken(heap(used, 600)), undefined)
    const reason = 'the thread was out of memory: a heap of 411 MiB, with a limit of 256 MiB'
    assert.equal(limit.broken(heap(411, 600)), reason)
  })

  test("without the option, is most of V8's own limit", () => {
    const limit = new HeapLimit(undefined, true)
    for (const used of [0, 100, 849]) assert.equal(limit.broken(heap(used, 1_000)), undefined)
    assert.match(limit.broken(heap(851, 1_000))!, /a heap of 851 MiB, with a limit of 1000 MiB$/)
  })

  test('is not broken by a thread that has not started', () => {
    for (const memory of [64, undefined]) {
      assert.equal(new HeapLimit(memory, true).broken(heap(0, 0)), undefined)
    }
  })
})
