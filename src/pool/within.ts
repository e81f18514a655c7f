import { after, type Timer } from '../timer.ts'

/** Whether a promise resolves within `ms` milliseconds. */
export async function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  let timer: Timer | undefined
  const over = new Promise<false>((resolve) => (timer = after(ms, () => resolve(false))))
  try {
    return await Promise.race([promise.then(() => true), over])
  } finally {
    timer?.cancel()
  }
}
