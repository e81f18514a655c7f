import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Worker, isMainThread, workerData } from 'node:worker_threads'
import { completions, produce, warmUp, withRuntime, type Params } from '../setup.ts'
import { percentiles } from '../statistics.ts'

const BETWEEN_REQUESTS = 5

/** The delays of the host's event loop and HTTP clients, while the queue runs at full load. */
export function host(params: Params): Promise<Record<string, number>> {
  return withRuntime(params, async (runtime) => {
    await warmUp(runtime, params)
    const server = createServer((_, response) => response.end('ok')).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    // The client has a thread of its own, so that it measures the host and not itself.
    const client = new Worker(new URL(import.meta.url), { workerData: { port } })
    const delay = monitorEventLoopDelay({ resolution: 1 })
    delay.enable()
    const done = completions(runtime, params.jobs)
    await produce(runtime, params)
    await done
    delay.disable()
    const latencies = await new Promise<number[]>((resolve) => {
      client.once('message', resolve)
      client.postMessage('stop')
    })
    server.close()
    return {
      'host loop delay p99 ms': delay.percentile(99) / 1e6 - 1,
      ...percentiles('host HTTP', latencies),
    }
  })
}

if (!isMainThread) {
  const { parentPort } = await import('node:worker_threads')
  const { port } = workerData as { port: number }
  const latencies: number[] = []
  let stopped = false
  parentPort?.once('message', () => (stopped = true))
  const request = (): void => {
    const start = performance.now()
    get({ port, host: '127.0.0.1', agent: false }, (response) => {
      response.resume()
      response.once('end', () => {
        latencies.push(performance.now() - start)
        if (stopped) parentPort?.postMessage(latencies)
        else setTimeout(request, BETWEEN_REQUESTS)
      })
    })
  }
  request()
}
