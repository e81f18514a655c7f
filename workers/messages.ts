import { parentPort, type MessagePort } from 'node:worker_threads'
import type { ThreadMessage } from '../src/thread/protocol.ts'

let sent = false

/** Sends to the main thread, past the result of the batch that is running. */
export function send(message: ThreadMessage, transfer: MessagePort[] = []): void {
  sent = true
  parentPort?.postMessage(message, transfer)
}

/** Whether anything has been sent since this was asked before. */
export function hasSent(): boolean {
  const had = sent
  sent = false
  return had
}
