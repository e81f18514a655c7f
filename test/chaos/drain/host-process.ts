import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Waiting } from '../../support/waiting.ts'
import { built } from '../../support/built.ts'

const HOST = fileURLToPath(built(new URL('./host.ts', import.meta.url)))

/** How a process has ended. */
export interface End {
  code: number | null
  signal: NodeJS.Signals | null
  /** Milliseconds since the last signal that the process was sent. */
  took: number
}

/** A process that runs {@link HOST}. */
export class HostProcess {
  readonly #process: ChildProcess
  readonly #words = new Set<string>()
  readonly #waiting = new Waiting(() => [...this.#words].join(', '))
  readonly #exit: Promise<unknown[]>
  #signalled = 0
  #exited = 0

  constructor(...args: string[]) {
    this.#process = spawn(process.execPath, [HOST, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    createInterface(this.#process.stdout!).on('line', (word) => this.#hear(word))
    this.#exit = once(this.#process, 'exit')
    void this.#exit.then(() => {
      this.#exited = performance.now()
      this.#hear('exit')
    })
  }

  #hear(word: string): void {
    this.#words.add(word)
    this.#waiting.look()
  }

  /** Resolves once the process has printed the word, or has ended. */
  until(word: string): Promise<void> {
    return this.#waiting.until(() => this.#words.has(word) || this.#exited > 0, word)
  }

  terminate(): void {
    this.#signalled = performance.now()
    assert.ok(this.#process.kill('SIGTERM'), 'it has ended before its signal')
  }

  async end(): Promise<End> {
    await this.until('exit')
    const [code, signal] = (await this.#exit) as [number | null, NodeJS.Signals | null]
    return { code, signal, took: this.#exited - this.#signalled }
  }

  /** Kills the process, whatever it does. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#exit
  }
}
