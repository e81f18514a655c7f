import { fork } from 'node:child_process'
import { once } from 'node:events'

/** Servers in a process of their own, so that only the sender is measured. */
export interface Serving {
  urls: string[]
  close: () => Promise<unknown>
}

/** Starts a file that calls {@link serveUrls}. */
export async function startServing(file: string): Promise<Serving> {
  const child = fork(file, ['serve'])
  const [urls] = (await once(child, 'message')) as [string[]]
  const close = async (): Promise<void> => {
    const exited = once(child, 'exit')
    child.disconnect()
    await exited
  }
  return { urls, close }
}

/** Serves until the process that has started this one closes, or ends. */
export async function serveUrls(serve: () => Promise<string[]>): Promise<void> {
  process.once('disconnect', () => process.exit())
  process.send!(await serve())
}
