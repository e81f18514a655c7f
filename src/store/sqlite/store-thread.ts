import { Worker } from 'node:worker_threads'
import { library } from './library.ts'

// As text, since the same words have to run from source and as built. Without `require`, which a
// host that was started with `--input-type=module` has not, nor have its threads.
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
 * Starts a thread that reads or tends the file beside the main thread, by the same copy of SQLite.
 *
 * @param body JavaScript that finds `open(options)`, `sleep(ms)` and `parentPort`
 */
export function startThread(body: string, file: string, nativeBinding: string | undefined): Worker {
  const workerData = { library: library().path, file, nativeBinding }
  // Nothing of the host's flags: its `--require` and `--import` are for its own code.
  return new Worker(OPENING + body, { eval: true, execArgv: [], workerData })
}
