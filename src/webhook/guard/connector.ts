import type { LookupAddress } from 'node:dns'
import { isIP, type LookupFunction, type Socket } from 'node:net'
import type { buildConnector } from 'undici'
import type { BlockedError } from './blocked-error.ts'
import type { Guard } from './guard.ts'

/** What a guarded connection depends on, and what is told of it. */
interface Guarding {
  guard: Guard
  signal: AbortSignal
  trace: ConnectionTrace
}

/** Notes how far a connection has come. */
interface ConnectionTrace {
  remoteAddress: string | null
  pass(station: 'begun' | 'resolving' | 'resolved' | 'connected' | 'secured'): void
}

/** Makes the connector to be guarded; its sockets have to use the given lookup. */
type Build = (lookup: LookupFunction) => buildConnector.connector

/** undici's connector returns its socket at once, although its type does not say so. */
type Connect = (...given: Parameters<buildConnector.connector>) => Socket | undefined

/**
 * Makes a connector that holds to the guard. The connector judges an address in the URL before it
 * connects. It resolves a name once and gives the socket exactly the judged addresses: no second
 * lookup could give another answer (DNS rebinding). It judges the address of the peer once more
 * before the first byte.
 */
export function guardedConnector(
  { guard, signal, trace }: Guarding,
  build: Build,
): buildConnector.connector {
  const connect = build(lookupOf({ guard, signal, trace })) as Connect
  return (options, callback) => {
    trace.pass('begun')
    // For an address, a socket calls no lookup.
    const refused = guard.refuseHost(options.hostname)
    if (refused !== undefined) return process.nextTick(callback, refused, null)
    const judge = peerJudge(guard, options.hostname)
    const socket = connect(options, (...[error, connected]) => {
      if (error !== null) return callback(error, null)
      const failure = judge(connected)
      if (options.protocol === 'https:') trace.pass('secured')
      if (failure === undefined) callback(null, connected)
      else callback(failure, null)
    })
    // The signal ends the socket itself: undici ignores the signal of a request while it connects, and
    // destroying the client then leaves the socket open.
    signal.addEventListener('abort', () => socket?.destroy(signal.reason as Error))
    // This listener has to run before the one that starts TLS, so that the peer gets no byte.
    socket?.prependOnceListener('connect', () => {
      trace.pass('connected')
      trace.remoteAddress = socket.remoteAddress ?? null
      judge(socket)
    })
  }
}

/**
 * Judges the peer of a socket, once; destroys the socket and returns the failure if there is one.
 */
function peerJudge(guard: Guard, host: string): (socket: Socket) => Error | undefined {
  let failure: Error | undefined
  return (socket) => {
    failure ??= refusePeer(guard, host, socket.remoteAddress)
    if (failure !== undefined) socket.destroy(failure)
    return failure
  }
}

function refusePeer(
  guard: Guard,
  host: string,
  address: string | undefined,
): BlockedError | Error | undefined {
  if (address !== undefined) return guard.refuse(isIP(host) === 0 ? host : address, address)
  // The peer has hung up already. A later attempt may succeed.
  return Object.assign(new Error(`${host} hung up at once`), { code: 'ENOTCONN' })
}

function lookupOf({ guard, signal, trace }: Guarding): LookupFunction {
  const resolve = async (host: string): Promise<LookupAddress[]> => {
    trace.pass('resolving')
    const addresses = await guard.addressesOf(host, signal)
    trace.pass('resolved')
    return addresses.map((address) => ({ address, family: isIP(address) }))
  }
  return (host, { all }, callback) => {
    const answer = (error: Error | null, list: LookupAddress[]): void => {
      if (error !== null) callback(error, [])
      else if (all) callback(null, list)
      else callback(null, list[0]!.address, list[0]!.family)
    }
    // Outside of the promise: an error that the callback throws is no error of the lookup.
    resolve(host).then(
      (list) => process.nextTick(answer, null, list),
      (error: unknown) => process.nextTick(answer, error, []),
    )
  }
}
