import { Piscina } from 'piscina'
import { Credit } from '../../../src/thread/credit.ts'
import { SpawnGuard } from '../../../src/thread/guard.ts'
import { CLOSE, type ThreadData } from '../../../src/thread/protocol.ts'
import { built, BUILT_ENTRY } from '../../support/built.ts'

const HANDLERS = built(new URL('./handlers.ts', import.meta.url)).href

const DATA: ThreadData = {
  ...{ handlers: HANDLERS, serial: true, pulse: undefined },
  logLevel: new Int32Array([100]),
  config: { cells: new Int32Array(new SharedArrayBuffer(4_000)) },
  flags: new Int32Array(new SharedArrayBuffer(8)),
  starts: new Float64Array(1),
  credit: new Credit().words,
  spawnGuard: new SpawnGuard().words,
}

/** Milliseconds that a thread takes to start without a lane, on a machine as busy as it is now. */
export async function bareStart(): Promise<number> {
  const began = performance.now()
  const piscina = new Piscina({
    ...{ filename: BUILT_ENTRY, minThreads: 1, maxThreads: 1, atomics: 'disabled' },
    workerData: DATA,
  })
  // The smallest of all tasks, which loads nothing more.
  await piscina.run(CLOSE)
  const took = performance.now() - began
  await piscina.destroy()
  return took
}
