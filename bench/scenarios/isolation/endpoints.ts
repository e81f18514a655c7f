import { createServer as createHttpServer } from 'node:http'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'

/** Endpoints of webhooks, in a thread of their own, so that the queue is measured and not they. */
export interface Endpoints {
  /** URL of the endpoint that answers at once. */
  healthy: string
  /** URLs of the endpoints that accept connections and never answer. */
  dead: string[]
  /** The number of connections that the dead endpoints have accepted. */
  accepted: () => number
  close: () => Promise<unknown>
}

interface Data {
  dead: number
  accepted: Int32Array<SharedArrayBuffer>
}

export async function startEndpoints(dead: number): Promise<Endpoints> {
  const accepted = new Int32Array(new SharedArrayBuffer(4))
  const data: Data = { dead, accepted }
  const worker = new Worker(new URL(import.meta.url), { workerData: data })
  const [healthy, ...others] = await new Promise<string[]>((resolve, reject) => {
    worker.once('message', resolve).once('error', reject)
  })
  return {
    healthy: healthy!,
    dead: others,
    accepted: () => Atomics.load(accepted, 0),
    close: () => worker.terminate(),
  }
}

async function urlOf(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

function healthyServer(): Server {
  return createHttpServer((request, response) => {
    request.resume().once('end', () => response.writeHead(204).end())
  })
}

function deadServer(accepted: Data['accepted']): Server {
  return createServer((socket) => {
    Atomics.add(accepted, 0, 1)
    socket.on('error', () => undefined).resume()
  })
}

if (!isMainThread) {
  const { dead, accepted } = workerData as Data
  const servers = [healthyServer(), ...Array.from({ length: dead }, () => deadServer(accepted))]
  parentPort?.postMessage(await Promise.all(servers.map(urlOf)))
}
