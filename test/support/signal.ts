import { PATIENCE } from './patience.ts'

/** An event to wait for: a test goes on when the event happens, and never after a time. */
export interface Signal<T = void> {
  readonly fire: (value: T) => void
  /** Resolves once the signal has been fired; rejects if it never is. Keeps the process alive. */
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

/** Resolves when the event loop has once served everything that was ready. */
export function loopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
