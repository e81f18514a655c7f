import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, describe, test } from 'node:test'
import { ProcessGroups } from '../../src/pool/process-groups.ts'
import { gone, running } from '../support/processes.ts'
import { completed, failed, Lane, openLane, type StartOptions } from '../support/pool/lane.ts'
import type { Then } from '../support/pool/spawns.ts'

const SOON = { timeout: 300, grace: 20 }

/** What a run does at its end, and the outcome of the run. */
const ENDS: { then: Then; type: string; terms?: StartOptions }[] = [
  { then: 'return', type: 'completed' },
  { then: 'throw', type: 'failed' },
  { then: 'exit', type: 'lost' },
  { then: 'crash', type: 'lost' },
  { then: 'loop', type: 'timedOut', terms: SOON },
  { then: 'never', type: 'timedOut', terms: SOON },
]

describe('no process that a run has started outlives the run', () => {
  const lane = new Lane()
  before(() => lane.pool.ready())
  after(() => lane.close())

  for (const script of ['stays', 'exits'] as const) {
    for (const { then, type, terms } of ENDS) {
      test(`the run's end: ${then}; the child ${script}`, async () => {
        const job = await lane.hold(terms, 'spawn', { then, script })
        const pids = (await lane.recorder.firstProgress(job)) as number[]
        assert.equal(pids.length, 2)
        assert.equal((await lane.recorder.outcome(job)).type, type)
        await gone(...pids)
        await lane.worksOn()
      })
    }
  }

  test('when an interrupt has to kill the run', async () => {
    const job = await lane.hold({ grace: 20 }, 'spawn', { then: 'never' })
    const pids = (await lane.recorder.firstProgress(job)) as number[]
    lane.pool.interrupt(false)
    assert.equal((await lane.recorder.outcome(job)).type, 'released')
    await gone(...pids)
    await lane.worksOn()
  })
})

test('no thread is killed between the start of a process and its report', async (t) => {
  const lane = await openLane(t)
  // An argument that no other process has.
  const mark = `1000.${process.pid}`
  t.after(() => running(mark).forEach((pid) => process.kill(pid, 'SIGKILL')))
  for (let n = 0; n < 3; n += 1) {
    const outcome = await lane.run('spawnForEver', { mark }, { timeout: 30, grace: 10 })
    assert.equal(outcome.type, 'timedOut')
    await gone(...running(mark))
  }
  await lane.worksOn()
})

test('processes of neighbours live on until the neighbours are ended', async (t) => {
  const lane = await openLane(t, { concurrency: 3 })
  const neighbour = await lane.hold({ grace: 20 }, 'spawn', { then: 'never' })
  const theirs = (await lane.recorder.firstProgress(neighbour)) as number[]
  await lane.run('spawn', { then: 'return' })
  await lane.run('spawnShort')
  for (const pid of theirs) assert.ok(process.kill(pid, 0))
  lane.pool.interrupt(false)
  assert.equal((await lane.recorder.outcome(neighbour)).type, 'released')
  await gone(...theirs)
})

test('a timeout of a run that only waits for its child kills no thread', async (t) => {
  const lane = await openLane(t, { concurrency: 3 })
  const neighbour = await lane.hold()
  const job = await lane.hold({ timeout: 50, grace: 20 }, 'spawnAndTrust')
  const [pid] = (await lane.recorder.firstProgress(job)) as number[]
  // The run returned only because its child was killed, so it has not completed.
  assert.equal((await lane.recorder.outcome(job)).type, 'timedOut')
  await gone(pid!)
  lane.release(neighbour)
  assert.equal(completed(await lane.recorder.outcome(neighbour)), 'released')
  assert.deepEqual(lane.downs, [])
})

describe('a child that a handler spawns', () => {
  const lane = new Lane({ logLevel: 10 })
  before(() => lane.pool.ready())
  after(() => lane.close())

  test('has an exit code', async () => {
    assert.equal(completed(await lane.run('spawnShort')), 3)
  })

  test('is ended by the signal of the run, which costs no thread', async () => {
    const thread = await lane.thread()
    const terms = { timeout: 100, grace: 60_000 }
    const job = await lane.hold(terms, 'spawnWithSignal')
    const pids = (await lane.recorder.firstProgress(job)) as number[]
    assert.equal((await lane.recorder.outcome(job)).type, 'timedOut')
    await gone(...pids)
    assert.equal(await lane.thread(), thread)
  })

  test('is logged if its command is missing and the handler does not listen', async () => {
    assert.equal((await lane.run('spawnNothing')).type, 'completed')
    const line = lane.recorder.lines.find(({ message }) => message === 'a child process failed')
    assert.match(JSON.stringify(line), /ENOENT/)
    await lane.worksOn()
  })

  test('cannot start when the run is over', async () => {
    await lane.run('leaveContext')
    assert.match(failed(await lane.run('spawnLate')).message, /run is over/)
  })
})

test('I5: a process that a run only claims to have started is not killed', async (t) => {
  const lane = await openLane(t)
  const own = spawn('sleep', ['1000'])
  const exited = once(own, 'exit')
  const token = lane.start('echo').token + 1
  const job = await lane.run('claimProcess', { pid: own.pid, token })
  assert.equal(job.type, 'lost')
  own.kill('SIGTERM')
  assert.deepEqual(await exited, [null, 'SIGTERM'])
  await lane.worksOn()
})

test('the rest of a group is killed, though its leader has exited early', async () => {
  const groups = new ProcessGroups<string>()
  const leader = spawn('sh', ['-c', 'sleep 1000 & echo $!'], { detached: true })
  const [line] = (await once(leader.stdout, 'data')) as [Buffer]
  leader.stdout.destroy()
  if (leader.exitCode === null) await once(leader, 'exit')
  groups.started('run', leader.pid!)
  groups.kill('run')
  await gone(Number(line))
})

test('a process that has exited is forgotten, and not killed', async (t) => {
  const groups = new ProcessGroups<string>()
  const child = spawn('sleep', ['1000'], { detached: true })
  groups.started('run', child.pid!)
  child.kill()
  await once(child, 'exit')
  groups.exited('run', child.pid!)
  const kill = t.mock.method(process, 'kill')
  groups.kill('run')
  assert.equal(kill.mock.callCount(), 0)
})

test('a run that eats the memory of its thread leaves no process behind', async (t) => {
  const lane = await openLane(t, { memory: 40 })
  const job = await lane.hold({}, 'spawn', { then: 'eatMemory' })
  const pids = (await lane.recorder.firstProgress(job)) as number[]
  assert.equal((await lane.recorder.outcome(job)).type, 'lost')
  await gone(...pids)
  await lane.worksOn()
})
