import type { MessagePort } from 'node:worker_threads'
import type { WebhookDesk } from '../job/webhook-desk.ts'
import type { Question } from '../thread/protocol.ts'
import type { PoolListener } from './pool.ts'
import { reply, type Asked } from './questions.ts'
import { fieldsOf, progressOf, threadMessage } from './thread-messages.ts'
import type { WorkerThread } from './worker-thread.ts'

/** Receives the messages that the threads of a lane send while their batches go on. */
export class ThreadInbox {
  readonly #listener: PoolListener
  readonly #desk: WebhookDesk

  constructor(listener: PoolListener, desk: WebhookDesk) {
    this.#listener = listener
    this.#desk = desk
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
      case 'question':
        thread.giveBack(message.units)
        void this.#reply(thread, message.question, message.reply)
        return
      case 'child':
        thread.child(message)
    }
  }

  #reply(thread: WorkerThread, question: Question, port: MessagePort): Promise<void> {
    const enter: Asked['enter'] = (job, endpoint) => this.#listener.enterEndpoint(job, endpoint)
    return reply({ desk: this.#desk, find: (id) => thread.find(id), enter }, question, port)
  }
}
