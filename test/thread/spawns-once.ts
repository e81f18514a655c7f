import { parentPort, workerData } from 'node:worker_threads'
import { SpawnGuard } from '../../src/thread/guard.ts'

const guard = new SpawnGuard((workerData as { words: Int32Array }).words)
parentPort?.postMessage('begins')
guard.during(() => parentPort?.postMessage('spawns'))
