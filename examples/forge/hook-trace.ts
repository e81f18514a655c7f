import type { RuntimeEvents } from 'helve'
import type { Forge } from './forge.ts'

const KIND = 'deliver_webhook'

/** Follows the deliveries of one hook, and its breaker. */
export class HookTrace {
  /** What happened: `s`tart and `c`ompletion of an attempt, `o`pening and closing (`.`) of the breaker. */
  marks = ''
  /** The jobs of the deliveries, in the order of their first attempts. */
  readonly firsts = new Set<number>()
  readonly #hook: number
  readonly #runtime: Forge['runtime']

  constructor(runtime: Forge['runtime'], hook: number) {
    this.#runtime = runtime
    this.#hook = hook
    runtime.on('started', this.#started)
    runtime.on('completed', this.#completed)
    runtime.on('breaker:open', this.#opened)
    runtime.on('breaker:closed', this.#closed)
  }

  /** How often the breaker has opened. */
  get openings(): number {
    return this.marks.split('o').length - 1
  }

  get isClosed(): boolean {
    return this.marks.includes('.')
  }

  /** Whether after each opening no attempt started beside the one that tried the receiver. */
  get isTriedAlone(): boolean {
    return !this.marks.includes('oss')
  }

  end(): void {
    this.#runtime.off('started', this.#started)
    this.#runtime.off('completed', this.#completed)
    this.#runtime.off('breaker:open', this.#opened)
    this.#runtime.off('breaker:closed', this.#closed)
  }

  readonly #started = ({ job }: RuntimeEvents['started']): void => {
    if (!this.#isOfHook(job)) return
    this.firsts.add(job.id)
    this.marks += 's'
  }

  readonly #completed = ({ job }: RuntimeEvents['completed']): void => {
    if (this.#isOfHook(job)) this.marks += 'c'
  }

  readonly #opened = ({ breaker }: RuntimeEvents['breaker:open']): void => {
    if (this.#isGroup(breaker)) this.marks += 'o'
  }

  readonly #closed = (group: RuntimeEvents['breaker:closed']): void => {
    if (this.#isGroup(group)) this.marks += '.'
  }

  #isOfHook({ kind, payload }: RuntimeEvents['started']['job']): boolean {
    return kind === KIND && (payload as { webhook_pk: number }).webhook_pk === this.#hook
  }

  #isGroup({ kind, group }: { kind: string; group: string }): boolean {
    return kind === KIND && group === String(this.#hook)
  }
}
