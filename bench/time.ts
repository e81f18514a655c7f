import { setTimeout as sleep } from 'node:timers/promises'

/** Milliseconds since the epoch, with fractions: comparable between threads. */
export function now(): number {
  return performance.timeOrigin + performance.now()
}

/** Keeps the CPU busy for `ms` milliseconds. */
export function burn(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

/** Calls `act` `perSecond` times a second, for `seconds` seconds, without awaiting the calls. */
export async function steadily(
  seconds: number,
  perSecond: number,
  act: (call: number) => unknown,
): Promise<void> {
  const start = performance.now()
  for (let call = 0; call < seconds * perSecond; call++) {
    const ahead = start + (call / perSecond) * 1_000 - performance.now()
    if (ahead > 0) await sleep(ahead)
    void act(call)
  }
}
