interface Row {
  section: string
  what: string
  observed: boolean
  detail: string
}

/** Milliseconds between two lines of progress, where a line cannot be overwritten. */
const PROGRESS_INTERVAL = 1_000
const CLEAR_LINE = '\r\u001b[2K'

/** Prints the result of each step of a run, and a summary at the end. */
export class Report {
  readonly #out: NodeJS.WriteStream
  readonly #signal: AbortSignal
  readonly #rows: Row[] = []
  #section = ''
  #printed = 0

  /** @param signal ends the run */
  constructor(out: NodeJS.WriteStream, signal: AbortSignal) {
    this.#out = out
    this.#signal = signal
  }

  section(title: string): void {
    this.#section = title
    this.line(`\n${title}`)
  }

  line(text: string): void {
    this.#printed = performance.now()
    this.#out.write(`${this.#out.isTTY ? CLEAR_LINE : ''}${text}\n`)
  }

  /** Shows what goes on at the moment. */
  progress(text: string): void {
    if (this.#out.isTTY) this.#out.write(`${CLEAR_LINE}… ${text}`)
    else if (performance.now() - this.#printed > PROGRESS_INTERVAL) this.line(`… ${text}`)
  }

  /**
   * Runs a step and prints its result. `run` resolves to what it observed, or rejects with what it
   * saw instead.
   *
   * @throws the signal's reason once it has aborted
   */
  async step(what: string, run: () => Promise<string>): Promise<void> {
    this.progress(what)
    const started = performance.now()
    const outcome = await observe(run)
    this.#signal.throwIfAborted()
    const row = { section: this.#section, what, ...outcome }
    this.#rows.push(row)
    const seconds = ((performance.now() - started) / 1_000).toFixed(1)
    this.line(`${row.observed ? '✓' : '✗'} ${what}: ${row.detail} (${seconds} s)`)
  }

  /** Prints the table; returns true when everything was observed. */
  summary(): boolean {
    const missing = this.#rows.filter(({ observed }) => !observed).length
    const width = Math.max(...this.#rows.map(({ what }) => what.length))
    this.line('\nSummary')
    for (const section of new Set(this.#rows.map((row) => row.section))) {
      this.line(`  ${section}`)
      for (const row of this.#rows.filter((other) => other.section === section)) {
        this.line(`    ${row.what.padEnd(width)}  ${row.observed ? 'yes' : 'NO '}  ${row.detail}`)
      }
    }
    const total = this.#rows.length
    this.line(missing === 0 ? `All ${total} observed.` : `${missing} of ${total} not observed.`)
    return missing === 0
  }
}

async function observe(run: () => Promise<string>) {
  try {
    return { observed: true, detail: await run() }
  } catch (error) {
    return { observed: false, detail: error instanceof Error ? error.message : String(error) }
  }
}

/** Makes a step fail unless the condition holds; `seen` tells what was seen instead. */
export function expect(condition: boolean, seen: string): asserts condition {
  if (!condition) throw new Error(seen)
}

export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`
}

export function short(commit: string | null | undefined): string {
  return commit?.slice(0, 7) ?? 'no commit'
}
