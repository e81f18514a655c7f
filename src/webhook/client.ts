import type { LookupFunction } from 'node:net'
import { buildConnector, Client, type Dispatcher } from 'undici'
import { asUnreachable } from '../job/errors.ts'
import { after } from '../timer.ts'
import { BlockedError } from './guard/blocked-error.ts'
import { guardedConnector } from './guard/connector.ts'
import type { Guard } from './guard/guard.ts'
import { checkUrl } from './guard/url.ts'
import { AttemptTrace } from './trace.ts'
import { TransportError } from './transport-error.ts'

/** A POST request that is made once. */
export interface PostRequest {
  url: string
  headers: Record<string, string>
  body: Uint8Array
  /** True accepts any TLS certificate. */
  insecureTls: boolean
  /** Milliseconds for everything: name lookup, connection, TLS, request and response headers. */
  timeout: number
  /** Ends the attempt early. */
  signal: AbortSignal
  /** Judges where the request may go. */
  guard: Guard
  /** Notes how far the request has come. @default nobody looks */
  trace?: AttemptTrace
}

type Traced = PostRequest & { trace: AttemptTrace }

/** A response. Its status and headers are complete, its body may have been cut. */
export interface PostResponse {
  status: number
  headers: Record<string, string | string[]>
  /** As received, never decoded: at most {@link MAX_RESPONSE_BYTES}. */
  body: Uint8Array
  /** The body was longer than the kept part, or stopped coming. */
  truncated: boolean
}

const MAX_RESPONSE_BYTES = 64 * 1024
const MAX_HEADER_BYTES = 16 * 1024
/** Milliseconds that a body may take after its headers. The headers alone decide the outcome. */
const BODY_TIMEOUT = 2_000

/**
 * Makes one POST request over a connection of its own, which is closed when the promise settles.
 * Follows no redirect, uses no proxy, and speaks HTTP/1.1 over TCP or TLS 1.2 and newer.
 *
 * @throws BlockedError when the guard refuses the URL, an address of its host, or the peer; nothing
 *   was sent
 * @throws TransportError when no complete response headers came; counts against the origin
 *   (`isUnreachable`) when no connection came about
 */
export async function post(given: PostRequest): Promise<PostResponse> {
  const request: Traced = { ...given, trace: given.trace ?? new AttemptTrace() }
  const url = checkUrl(request.url, request.guard)
  const stop = new AbortController()
  const client = new Client(url.origin, {
    connect: connector(request, stop.signal),
    pipelining: 0,
    maxHeaderSize: MAX_HEADER_BYTES,
    // Off: these timeouts of undici begin anew with every interim response and every chunk.
    headersTimeout: 0,
    bodyTimeout: 0,
  })
  const disarm = arm(stop, client, request)
  try {
    return await exchange(client, url, request, stop)
  } catch (error) {
    if (error instanceof BlockedError) throw error
    const failure = stop.signal.aborted
      ? (stop.signal.reason as Error)
      : TransportError.from(error as Error)
    // A host that takes connections can be reached: the failure is that of one of its paths.
    throw request.trace.isConnected ? failure : asUnreachable(failure)
  } finally {
    disarm()
    await client.destroy()
  }
}

function connector(
  { guard, insecureTls, trace }: Traced,
  signal: AbortSignal,
): buildConnector.connector {
  const build = (lookup: LookupFunction): buildConnector.connector =>
    buildConnector({
      lookup,
      timeout: 0,
      maxCachedSessions: 0,
      allowH2: false,
      minVersion: 'TLSv1.2',
      rejectUnauthorized: !insecureTls,
    })
  return guardedConnector({ guard, signal, trace }, build)
}

/**
 * Stops the attempt at its deadline, or when the caller aborts it. Returns a function that disarms
 * both.
 */
function arm(stop: AbortController, client: Client, { timeout, signal }: PostRequest): () => void {
  let missing = 'connection'
  client.once('connect', () => (missing = 'response'))
  const timer = after(timeout, () =>
    stop.abort(new TransportError('TIMEOUT', `no ${missing} within ${timeout} ms`)),
  )
  const abort = () => stop.abort(new TransportError('ABORTED', 'aborted', signal.reason))
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort)
  return () => {
    timer.cancel()
    signal.removeEventListener('abort', abort)
  }
}

async function exchange(
  client: Client,
  url: URL,
  { headers, body, trace }: Traced,
  stop: AbortController,
): Promise<PostResponse> {
  stop.signal.throwIfAborted()
  const path = url.pathname + url.search
  const response = await client.request({ method: 'POST', path, headers, body })
  trace.pass('answered')
  const timer = after(BODY_TIMEOUT, () => stop.abort())
  const kept = await readBody(response.body)
  timer.cancel()
  return { status: response.statusCode, headers: present(response.headers), ...kept }
}

/** Never throws: the receiver has answered, even if the body does not arrive whole. */
async function readBody(stream: Dispatcher.ResponseData['body']) {
  const chunks: Uint8Array[] = []
  let size = 0
  let complete = false
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      chunks.push(chunk)
      size += chunk.length
      if (size > MAX_RESPONSE_BYTES) break
    }
    complete = size <= MAX_RESPONSE_BYTES
  } catch {
    complete = false
  }
  // A copy: a message to another thread would carry the whole pool along with a view of a pooled
  // buffer.
  const body = Uint8Array.from(Buffer.concat(chunks).subarray(0, MAX_RESPONSE_BYTES))
  return { body, truncated: !complete }
}

function present(headers: Dispatcher.ResponseData['headers']): PostResponse['headers'] {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value ?? '']))
}
