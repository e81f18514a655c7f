import type { WebhookDesk } from '../job/webhook-desk.ts'
import type { ThreadMessage } from '../thread/protocol.ts'
import type { PoolListener } from './pool.ts'
import { reply, type Asked } from './questions.ts'
import { fieldsOf, progressOf, threadMessage } from './thread-messages.ts'
import type { WorkerThread } from './worker-thread.ts'

type QuestionMessage = Extract<ThreadMessage, { helve: 'question' }>

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
        this.#reply(thread, message)
        return
      case 'child':
        thread.child(message)
    }
  }

  #reply(thread: WorkerThread, message: QuestionMessage): void {
    if (message.reply !== undefined) thread.answers = message.reply
    const port = thread.answers
    if (port === undefined) return
    const enter: Asked['enter'] = (job, endpoint) => this.#listener.enterEndpoint(job, endpoint)
    const asked = { desk: this.#desk, find: (id: unknown) => thread.find(id), enter }
    void reply(asked, message, port)
  }
}
