import { PATIENCE } from './patience.ts'

/** Lets a test wait until what the test has been told meets a condition. */
export class Waiting {
  readonly #lately: () => string
  readonly #looks = new Set<() => void>()

  /** @param lately describes what was told, for a test that waits in vain */
  constructor(lately: () => string) {
    this.#lately = lately
  }

  /** Resolves once `holds` returns true; it is called now and whenever {@link look} is called. */
  until(holds: () => boolean, name: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (act: () => void): void => {
        clearTimeout(patience)
        this.#looks.delete(look)
        act()
      }
      const look = (): void => {
        if (holds()) done(resolve)
      }
      const patience = setTimeout(() => {
        done(() => reject(new Error(`never happened: ${name}; lately: ${this.#lately()}`)))
      }, PATIENCE)
      this.#looks.add(look)
      look()
    })
  }

  look(): void {
    for (const look of this.#looks) look()
  }
}
