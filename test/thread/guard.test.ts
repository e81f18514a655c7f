import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { SpawnGuard } from '../../src/thread/guard.ts'
import { Waiting } from '../support/waiting.ts'
import { built } from '../support/built.ts'

describe('a thread that starts processes', () => {
  test('may be killed at once while it starts no process', async () => {
    const guard = new SpawnGuard()
    await guard.doom()
    assert.ok(guard.isDoomed)
    guard.pardon()
    assert.equal(
      new SpawnGuard(guard.words).during(() => 7),
      7,
    )
  })

  test('is waited for while it starts a process, also if the start fails', async () => {
    const guard = new SpawnGuard()
    let doomed: Promise<void> | undefined
    let isDoomed = false
    const spawn = (): never => {
      doomed = guard.doom().then(() => void (isDoomed = true))
      throw new Error('no such command')
    }
    assert.throws(() => guard.during(spawn), /no such command/)
    assert.equal(isDoomed, false)
    await doomed
    assert.equal(isDoomed, true)
  })

  test('starts no further process once it is doomed, until it is pardoned', async (t) => {
    const guard = new SpawnGuard()
    await guard.doom()
    const heard: unknown[] = []
    const waiting = new Waiting(() => heard.join(', '))
    const module = built(new URL('./spawns-once.ts', import.meta.url))
    const thread = new Worker(module, { execArgv: [], workerData: { words: guard.words } })
    t.after(() => thread.terminate())
    thread.on('message', (word) => {
      heard.push(word)
      waiting.look()
    })
    await waiting.until(() => heard.length > 0, 'its begin')
    await guard.doom()
    assert.deepEqual(heard, ['begins'])
    guard.pardon()
    await waiting.until(() => heard.length > 1, 'its process')
    assert.deepEqual(heard, ['begins', 'spawns'])
  })
})
