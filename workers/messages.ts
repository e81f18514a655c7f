import { MessageChannel, MessagePort, parentPort } from 'node:worker_threads'
import type { PortMessage, ThreadMessage } from '../src/thread/protocol.ts'

// Handlers may replace what ports inherit, and would then be given this one.
const { apply } = Reflect
// oxlint-disable-next-line typescript/unbound-method -- it is called with its port
const { postMessage } = MessagePort.prototype

let port = parentPort
let sent = false

/** Sends to the main thread, past the result of the batch that is running. */
export function send(message: ThreadMessage, transfer: MessagePort[] = []): void {
  sent = true
  post(message, transfer)
}

/** Whether anything has been sent since this was asked before. */
export function hasSent(): boolean {
  const had = sent
  sent = false
  return had
}

/** From now on nobody but {@link send} reaches the main thread: what others post goes nowhere. */
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
