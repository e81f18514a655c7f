import { MessageChannel, MessagePort, parentPort } from 'node:worker_threads'
import type { PortMessage, ThreadMessage } from '../src/thread/protocol.ts'

// Kept here, because handlers may replace the methods of all ports. A replaced method would be
// called on this port, and so give the port to the handler.
const { apply } = Reflect
// oxlint-disable-next-line typescript/unbound-method -- it is called with its port
const { postMessage } = MessagePort.prototype

let port = parentPort
let sent = false

/** Sends a message to the main thread, separate from the result of the batch that is running. */
export function send(message: ThreadMessage, transfer: MessagePort[] = []): void {
  sent = true
  post(message, transfer)
}

/** Whether {@link send} was called since the previous call of this function. */
export function hasSent(): boolean {
  const had = sent
  sent = false
  return had
}

/**
 * From now on only {@link send} reaches the main thread: messages that other code posts are lost.
 */
export function closeToOthers(): void {
  const { port1, port2 } = new MessageChannel()
  const message: PortMessage = { helve: 'port', port: port2 }
  post(message, [port2])
  parentPort?.close()
  port = port1
}

function post(message: ThreadMessage | PortMessage, transfer: MessagePort[]): void {
  if (port !== null) apply(postMessage, port, [message, transfer])
}
