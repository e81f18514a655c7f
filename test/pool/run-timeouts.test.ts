import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RunTimeouts, type Watched } from '../../src/pool/run-timeouts.ts'
import { loopTurn, signal } from '../support/signal.ts'

const now = (): number => performance.timeOrigin + performance.now()

const aRun = (timeout: number, startedAt: () => number = now): Watched => {
  const started = startedAt()
  return { timeout, startedAt: () => started }
}

test('tells of a run once its time is over, and not before', async (t) => {
  const over = signal('the timeout')
  const told: Watched[] = []
  const timeouts = new RunTimeouts<Watched>((run) => {
    told.push(run)
    over.fire()
  })
  t.after(() => timeouts.close())
  const start = now()
  const [short, long] = [aRun(40), aRun(60_000)]
  timeouts.watch([long, short])
  await over.wait()
  assert.ok(now() - start >= 40)
  await loopTurn()
  await loopTurn()
  assert.deepEqual(told, [short])
})

test('counts no time before the run has started', async (t) => {
  const over = signal('the timeout')
  const timeouts = new RunTimeouts<Watched>(() => over.fire())
  t.after(() => timeouts.close())
  let start = 0
  let looks = 0
  const startedAt = (): number => {
    looks += 1
    if (looks === 3) start = now()
    return start
  }
  timeouts.watch([{ timeout: 20, startedAt }])
  await over.wait()
  assert.ok(looks >= 4)
  assert.ok(now() - start >= 20)
})

test('lets the loop turn twice before it tells', async (t) => {
  const steps: string[] = []
  const over = signal('the timeout')
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const timeouts = new RunTimeouts<Watched>(() => {
    steps.push('over')
    over.fire()
  })
  t.after(() => timeouts.close())
  timeouts.watch([aRun(10, () => now() - 100)])
  t.mock.timers.tick(10)
  t.mock.timers.reset()
  setImmediate(() => {
    steps.push('first turn')
    setImmediate(() => steps.push('second turn'))
  })
  await over.wait()
  await loopTurn()
  assert.deepEqual(steps, ['first turn', 'over', 'second turn'])
})

test('does not tell of a run that has ended, at whichever stage', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const timeouts = new RunTimeouts<Watched>(() => assert.fail('told'))
  t.after(() => timeouts.close())
  const runs = [1, 2, 3].map(() => aRun(10, () => now() - 100))
  timeouts.watch(runs)
  timeouts.unwatch(runs[0]!)
  t.mock.timers.tick(10)
  t.mock.timers.reset()
  timeouts.unwatch(runs[1]!)
  await loopTurn()
  timeouts.unwatch(runs[2]!)
  await loopTurn()
  await loopTurn()
})

test('a timeout of a month does not end at once', (t) => {
  const setTimeout = t.mock.method(globalThis, 'setTimeout')
  const timeouts = new RunTimeouts<Watched>(() => assert.fail('told'))
  t.after(() => timeouts.close())
  timeouts.watch([aRun(30 * 86_400_000)])
  const [call] = setTimeout.mock.calls
  assert.ok(Number(call?.arguments[1]) <= 60_000)
})
