import assert from 'node:assert/strict'
import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { chmod, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { built } from '../support/built.ts'
import { temporaryFolder } from '../support/folder.ts'
import { Waiting } from '../support/waiting.ts'

const PROCESS = fileURLToPath(built(new URL('./limited-process.ts', import.meta.url)))
/** The limit counts all threads of a user, and there is none: these are nobody else's. */
const USER = 60_000 + (process.pid % 5_000)
const own = { uid: USER, gid: USER }
const skip = !mayBeRun() && 'another user cannot be had, or may not read this folder'

function mayBeRun(): boolean {
  const read = 'require("node:fs").accessSync(process.argv[1])'
  try {
    execFileSync(process.execPath, ['--eval', read, PROCESS], { ...own, stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

async function threadsOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^Threads:\s+(\d+)$/m.exec(status)?.[1])
}

function limitThreads(pid: number, threads: number): void {
  execFileSync('prlimit', ['--pid', String(pid), `--nproc=${threads}:`], own)
}

test(
  'I7: a thread that the system refuses is started again, and ends nothing',
  { skip },
  async (t) => {
    const folder = await temporaryFolder(t)
    await chmod(folder, 0o777)
    const child = fork(PROCESS, [join(folder, 'queue.db')], { ...own, cwd: folder, execArgv: [] })
    t.after(() => child.kill('SIGKILL'))
    const told: string[] = []
    const waiting = new Waiting(() => told.join(', '))
    child.on('message', (line: string) => {
      told.push(line)
      waiting.look()
    })
    await waiting.until(() => told.includes('up'), 'a thread')
    const threads = await threadsOf(child.pid!)
    limitThreads(child.pid!, threads - 1)
    child.send('exit')
    const refused = 'down: the thread could not be started: EAGAIN'
    await waiting.until(() => told.includes(refused), 'a thread that is refused')
    limitThreads(child.pid!, threads + 100)
    child.send('echo')
    await waiting.until(() => told.includes('completed: echo'), 'a job')
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    assert.deepEqual(await exit, [null, 'SIGKILL'])
  },
)
