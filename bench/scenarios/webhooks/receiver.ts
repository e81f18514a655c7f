import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { serveUrls, startServing, type Serving } from './serving.ts'

/** Starts a receiver that answers each request with 204 once it has the whole request. */
export function startReceiver(): Promise<Serving> {
  return startServing(fileURLToPath(import.meta.url))
}

async function serve(): Promise<string[]> {
  const server = createServer((request, response) => {
    request.resume().once('end', () => response.writeHead(204).end())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return [`http://127.0.0.1:${(server.address() as AddressInfo).port}/`]
}

if (process.argv[2] === 'serve') await serveUrls(serve)
