import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Outbox } from '../../src/run/outbox.ts'
import { Credit } from '../../src/thread/credit.ts'
import { loopTurn } from '../support/signal.ts'

/** Both sides of a credit, and an outbox whose lines the main thread gives back at once. */
function setUp() {
  const main = new Credit()
  const thread = new Credit(main.words)
  let lines = 0
  const outbox = new Outbox<string>({
    room: thread,
    line: (_, units) => {
      lines += 1
      main.giveBack(units)
    },
    progress: () => undefined,
    dropped: () => undefined,
  })
  return { main, thread, outbox, lines: () => lines }
}

test('I9: a large message does not wait for a flood of lines to end', async () => {
  const { main, thread, outbox, lines } = setUp()
  const flood = (): void => {
    for (let n = 0; n < 50; n += 1) outbox.line(1, 'line', 1)
  }
  flood()
  let isTaken = false
  const taken = thread.taken(100).then(() => (isTaken = true))
  for (let turns = 0; turns < 50; turns += 1) {
    await loopTurn()
    flood()
  }
  assert.equal(isTaken, true)
  await taken
  const before = lines()
  main.giveBack(100)
  await outbox.empty()
  assert.ok(lines() > before)
})

test('I9: lines that come while a large message waits do not hold up the loop', async () => {
  const { main, thread, outbox, lines } = setUp()
  thread.overdraw(32)
  const taken = thread.taken(100)
  await loopTurn()
  main.reset()
  Atomics.notify(main.words, 0)
  outbox.line(1, 'line', 1)
  await taken
  main.giveBack(100)
  await outbox.empty()
  assert.equal(lines(), 1)
})

test('credit that is given back after the end of a thread does not go to the next one', async () => {
  const { main, thread } = setUp()
  thread.overdraw(20)
  main.reset()
  main.giveBack(20)
  await loopTurn()
  assert.equal(Atomics.load(main.words, 0), 0)
})
