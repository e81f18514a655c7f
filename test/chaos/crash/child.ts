import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { DIST } from '../../support/built.ts'
import { Waiting } from '../../support/waiting.ts'

/** The script of the processes of this folder, in a build. */
const SCRIPT = 'test/chaos/crash/process.js'

type Exit = [code: number | null, signal: string | null]

/** A process with a runtime, to be killed. */
export class Child {
  readonly #process: ChildProcess
  readonly #waiting = new Waiting(() => this.lines.slice(-5).join('; '))
  readonly #exit: Promise<Exit>
  /** The whole lines that the process has printed. */
  readonly lines: string[] = []
  /** Numbers of the submissions that were acknowledged to the process. */
  readonly acks: number[] = []
  exited = false

  /**
   * @param args the file of the queue, and further arguments of the script
   * @param build folder of the build that the process runs
   */
  constructor(args: readonly string[], build = fileURLToPath(DIST), script = SCRIPT) {
    this.#process = fork(join(build, script), args, {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      execArgv: [],
    })
    // A line that the kill cut off does not count.
    let rest = ''
    this.#process.stdout!.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop()!
      for (const line of lines) this.#hear(line)
      this.#waiting.look()
    })
    this.#exit = once(this.#process, 'close') as Promise<Exit>
    void this.#exit.then(() => {
      this.exited = true
      this.#waiting.look()
    })
  }

  get pid(): number {
    return this.#process.pid!
  }

  send(order: object): void {
    // The process may end at this moment: whoever waits for its end is told.
    this.#process.send(order, () => undefined)
  }

  until(holds: () => boolean, name: string): Promise<void> {
    return this.#waiting.until(holds, name)
  }

  /** Resolves to the exit of the process, once all that it printed has been read. */
  async exit(): Promise<Exit> {
    await this.until(() => this.exited, 'the exit of the process')
    return this.#exit
  }

  /** kill -9; resolves when the process is gone. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.exit()
  }

  errors(): string[] {
    return this.lines.filter((line) => line.startsWith('error '))
  }

  #hear(line: string): void {
    this.lines.push(line)
    const [word, n] = line.split(' ')
    if (word === 'ack') this.acks.push(Number(n))
  }
}
