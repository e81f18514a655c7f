import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RuntimeLanes } from '../../src/runtime/lanes.ts'
import { checkRuntimeOptions } from '../../src/runtime/options.ts'
import { Registry } from '../../src/runtime/registry.ts'
import { FakePool } from '../support/fake-pool.ts'
import { signal } from '../support/signal.ts'

/** A pool whose `close` waits until the test fires {@link SlowPool.go}. */
class SlowPool extends FakePool {
  readonly go = signal('the pool may be closed')

  override async close(): Promise<boolean> {
    await this.go.wait()
    return super.close()
  }
}

test('lanes that are being stopped get no more threads: nobody would close them', async () => {
  const options = checkRuntimeOptions({ handlers: import.meta.filename })
  const pool = new SlowPool(1)
  const lanes = new RuntimeLanes(options, new Registry(options), () => pool)
  lanes.start()
  lanes.resize('default', 2)
  assert.equal(pool.capacity, 2)
  const stopped = lanes.stop()
  lanes.resize('default', 8)
  assert.equal(pool.capacity, 2)
  assert.equal(lanes.hasEnded, false)
  pool.go.fire()
  await stopped
  assert.equal(lanes.hasEnded, true)
})
