import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An HTTP server on a port of its own, which only this machine reaches. */
export interface Served {
  port: number
  /** The URL of its root, without a slash at the end. */
  url: string
  /** Ends the server, and the requests under way. */
  close(): void
}

export async function serve(respond: RequestListener): Promise<Served> {
  const server = createServer(respond)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const close = (): void => {
    server.close()
    server.closeAllConnections()
  }
  return { port, url: `http://127.0.0.1:${port}`, close }
}
