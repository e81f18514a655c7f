import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { built } from '../../support/built.ts'
import type { Command, News, Orders } from './orders.ts'

const PROCESS = fileURLToPath(built(new URL('./process.ts', import.meta.url)))
/** Root reads and writes any file; without these capabilities, file modes hold for root, too. */
const ORDINARY =
  process.geteuid?.() === 0 ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search'] : []
/** Milliseconds; only a test that has failed waits this long. */
const PATIENCE = 120_000

type Is<I extends News['is']> = Extract<News, { is: I }>

/** A process with a runtime, which faults are done to. */
export class Host {
  readonly news: News[] = []
  readonly #process: ChildProcess
  readonly #exit: Promise<unknown[]>
  #gone = false
  #look: () => void = () => undefined

  /** @param enter begins the command line of the process */
  constructor(orders: Orders, enter: string[] = []) {
    const node = [process.execPath, PROCESS, JSON.stringify(orders)]
    const [command, ...args] = [...enter, ...ORDINARY, ...node]
    this.#process = spawn(command!, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    // News of the process may arrive after its exit.
    const silence = once(this.#process, 'disconnect')
    this.#exit = once(this.#process, 'exit').then((exit) => silence.then(() => exit))
    void this.#exit.then(() => {
      this.#gone = true
      this.#look()
    })
    this.#process.on('message', (news: News) => {
      this.news.push(news)
      this.#look()
    })
  }

  send(command: Command): void {
    // The process may end at this moment: whoever waits for its news is told.
    if (this.#process.connected) this.#process.send(command, () => undefined)
  }

  /** Resolves to the first news of a sort. */
  async hear<I extends News['is']>(is: I): Promise<Is<I>> {
    const found = (): News | undefined => this.news.find((news) => news.is === is)
    await this.until(() => found() !== undefined, is)
    return found() as Is<I>
  }

  until(holds: () => boolean, name: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const lately = (): string => JSON.stringify(this.news.slice(-5))
      const fail = (why: string): void => reject(new Error(`${why} ${name}; lately: ${lately()}`))
      const patience = setTimeout(() => fail('never happened:'), PATIENCE)
      this.#look = () => {
        if (!holds() && !this.#gone) return
        clearTimeout(patience)
        if (holds()) resolve()
        else fail('the process ended before:')
      }
      this.#look()
    })
  }

  exit(): Promise<unknown[]> {
    return this.#exit
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#exit
  }
}
