import type { MessagePort } from 'node:worker_threads'
import type { Webhook } from '../job/delivery.ts'
import type { PoolListener } from './pool.ts'
import { fieldsOf, progressOf, threadMessage } from './thread-messages.ts'
import type { WorkerThread } from './worker-thread.ts'

/** Receives the messages that the threads of a lane send while their batches go on. */
export class ThreadInbox {
  readonly #listener: PoolListener
  readonly #getWebhook: (id: number) => Promise<Webhook | undefined>

  constructor(listener: PoolListener, getWebhook: (id: number) => Promise<Webhook | undefined>) {
    this.#listener = listener
    this.#getWebhook = getWebhook
  }

  receive(thread: WorkerThread, received: unknown): void {
    const message = threadMessage(received)
    switch (message?.helve) {
      case 'reports':
        return thread.report(message.reports, message.last)
      case 'progress': {
        thread.giveBack(message.units)
        const job = thread.find(message.id)
        if (job) this.#listener.progress(job, progressOf(message.json))
        return
      }
      case 'log': {
        const { id, level, fields } = message
        const own = { thread: thread.id, ...(id === null ? {} : { job: id }) }
        thread.giveBack(message.units)
        return this.#listener.log(level, { ...fieldsOf(fields), ...own }, message.message)
      }
      case 'webhook':
        thread.giveBack(message.units)
        void this.#answer(message.id, message.reply)
        return
      case 'child':
        thread.child(message)
    }
  }

  async #answer(id: number, reply: MessagePort): Promise<void> {
    try {
      reply.postMessage({ webhook: await this.#getWebhook(id) })
    } catch (error) {
      reply.postMessage({ error: String(error) })
    }
  }
}
