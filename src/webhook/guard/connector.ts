import { isIP, type LookupFunction, type Socket } from 'node:net'
import type { buildConnector } from 'undici'
import type { BlockedError } from './blocked-error.ts'
import type { Guard } from './guard.ts'

/** Makes the connector that connects, with the lookup that it has to use. */
type Build = (lookup: LookupFunction) => buildConnector.connector

/** undici's connector gives back its socket at once, which its type does not say. */
type Connect = (...given: Parameters<buildConnector.connector>) => Socket | undefined

/**
 * A connector that refuses what the guard does. An address in the URL is judged before anything is
 * connected. A name is resolved once, and the socket gets the very addresses that were judged: an
 * answer that changes between check and connection finds nobody who asks. Then the peer's address is
 * judged once more.
 */
export function guardedConnector(
  guard: Guard,
  signal: AbortSignal,
  build: Build,
): buildConnector.connector {
  const connect = build(lookupOf(guard, signal)) as Connect
  return (options, callback) => {
    // Sockets ask no lookup for an address.
    const refused = guard.refuseHost(options.hostname)
    if (refused !== undefined) return process.nextTick(callback, refused, null)
    const judge = peerJudge(guard, options.hostname)
    const socket = connect(options, (...[error, connected]) => {
      const failure = error ?? judge(connected)
      if (failure) callback(failure, null)
      else callback(null, connected!)
    })
    // Before the listener that greets in TLS, so that the peer gets not a byte.
    socket?.prependOnceListener('connect', () => judge(socket))
  }
}

/** Destroys the socket of a peer that no request may reach, and says why; always the same. */
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
  // The peer has hung up already, which is no reason never to try again.
  return Object.assign(new Error(`${host} hung up at once`), { code: 'ENOTCONN' })
}

function lookupOf(guard: Guard, signal: AbortSignal): LookupFunction {
  return (host, { all }, callback) => {
    guard.addressesOf(host, signal).then(
      (addresses) => {
        const list = addresses.map((address) => ({ address, family: isIP(address) }))
        if (all) callback(null, list)
        else callback(null, list[0]!.address, list[0]!.family)
      },
      (error: Error) => callback(error, []),
    )
  }
}
