import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Waiting } from '../pool/waiting.ts'

const PROCESS = fileURLToPath(new URL('./process.ts', import.meta.url))

type Exit = [code: number | null, signal: string | null]

/** A process with a runtime, to be killed. */
export class Child {
  readonly #process: ChildProcess
  readonly #waiting = new Waiting(() => this.lines.slice(-5).join('; '))
  readonly #exit: Promise<Exit>
  /** What it has said, whole lines only. */
  readonly lines: string[] = []
  exited = false

  constructor(file: string, ledger: string) {
    this.#process = fork(PROCESS, [file, ledger], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
    // A line that the kill cut off is not one.
    let rest = ''
    this.#process.stdout!.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop()!
      this.lines.push(...lines)
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

  send(message: { load?: number }): void {
    this.#process.send(message)
  }

  until(holds: () => boolean, name: string): Promise<void> {
    return this.#waiting.until(holds, name)
  }

  /** Its exit, with all that it said before it. */
  async exit(): Promise<Exit> {
    await this.until(() => this.exited, 'the exit of the process')
    return this.#exit
  }

  /** kill -9; resolves when the process is gone. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.exit()
  }

  acks(): { n: number; id: number }[] {
    const found = this.lines.filter((line) => line.startsWith('ack '))
    return found.map((line) => {
      const [, n, id] = line.split(' ')
      return { n: Number(n), id: Number(id) }
    })
  }

  errors(): string[] {
    return this.lines.filter((line) => line.startsWith('error '))
  }
}
