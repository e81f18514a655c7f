import { PATIENCE } from './patience.ts'

/** Something to wait for: a test goes on when it happens, and never after a time. */
export interface Signal<T = void> {
  readonly fire: (value: T) => void
  /** Resolves once it has been fired. Keeps the process alive; rejects if it never happens. */
  wait(): Promise<T>
}

export function signal<T = void>(name: string): Signal<T> {
  let fire!: (value: T) => void
  const fired = new Promise<T>((resolve) => (fire = resolve))
  return {
    fire,
    wait: () =>
      new Promise((resolve, reject) => {
        const patience = setTimeout(() => reject(new Error(`never happened: ${name}`)), PATIENCE)
        void fired.then(resolve).finally(() => clearTimeout(patience))
      }),
  }
}

/** The event loop has once served everything that was ready. */
export function loopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
