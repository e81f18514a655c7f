import { parentPort, workerData } from 'node:worker_threads'
import { Client } from 'undici'

// Posts with bare undici, one connection for each request, in a thread of its own.

export interface BareRequests {
  url: string
  count: number
  /** Requests under way at a time. */
  concurrency: number
}

const WARM_UP = 500
const BODY = JSON.stringify({ ref: 'refs/heads/main', left: 12_345 })
const HEADERS = { 'Content-Type': 'application/json' }

const { url, count, concurrency } = workerData as BareRequests

async function post(): Promise<void> {
  const client = new Client(url, { pipelining: 0 })
  const { body } = await client.request({ method: 'POST', path: '/', headers: HEADERS, body: BODY })
  await body.dump()
  await client.destroy()
}

async function posts(number: number): Promise<void> {
  let left = number
  const poster = async (): Promise<void> => {
    while (left-- > 0) await post()
  }
  await Promise.all(Array.from({ length: concurrency }, poster))
}

await posts(WARM_UP)
const start = performance.now()
await posts(count)
parentPort?.postMessage((count / (performance.now() - start)) * 1_000)
