import { Worker } from 'node:worker_threads'
import { library } from './library.ts'

// Code of a thread as text, since the same code has to run from source and as built. The code does
// not use `require`: a host that was started with `--input-type=module` has no `require`, and
// neither have its threads.
const OPENING = `
  const { createRequire } = process.getBuiltinModule('node:module')
  const { setTimeout: sleep } = process.getBuiltinModule('node:timers/promises')
  const { parentPort, workerData } = process.getBuiltinModule('node:worker_threads')
  const Database = createRequire(workerData.library)(workerData.library)
  const open = (options) => {
    const { file, nativeBinding } = workerData
    return new Database(file, { ...options, ...(nativeBinding && { nativeBinding }) })
  }
`

/**
 * Starts a thread that reads or tends the file beside the main thread, with the main thread's copy
 * of SQLite.
 *
 * @param body JavaScript that may use `open(options)`, `sleep(ms)` and `parentPort`
 */
export function startThread(body: string, file: string, nativeBinding: string | undefined): Worker {
  const workerData = { library: library().path, file, nativeBinding }
  // The thread gets no flags of the host: `--require` and `--import` are for the host's own code.
  return new Worker(OPENING + body, { eval: true, execArgv: [], workerData })
}
