import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Mailbox } from '../../src/coordinator/mailbox.ts'
import type { ClaimedJob } from '../../src/job/job.ts'
import { completed } from '../support/fake-pool.ts'
import { aDelivery, aJob } from '../support/jobs.ts'

const KIB = 1_024
const MIB = 1_024 * KIB
const nobody = { since: 0, resolve: () => undefined, reject: () => undefined }

function submit(mailbox: Mailbox, count: number, characters: number): void {
  const job = aJob({ payload: 'x'.repeat(characters) })
  for (let n = 0; n < count; n++) mailbox.submit({ ...nobody, job })
}

function end(mailbox: Mailbox, count: number, outcome: ReturnType<typeof completed>): void {
  for (let n = 0; n < count; n++) mailbox.end({ job: {} as ClaimedJob, outcome })
}

describe('I9: one turn takes no more than it can write in its time:', () => {
  test('submissions up to 1 MiB', () => {
    const mailbox = new Mailbox()
    submit(mailbox, 300, 10 * KIB)
    assert.equal(mailbox.take(1_000, false).submissions.length, 103)
    submit(mailbox, 1, MIB)
    assert.equal(mailbox.take(1_000, false).submissions.length, 103)
  })

  test('one submission, however long it is', () => {
    const mailbox = new Mailbox()
    submit(mailbox, 3, 2 * MIB)
    for (let n = 0; n < 3; n++) assert.equal(mailbox.take(1_000, false).submissions.length, 1)
    assert.ok(mailbox.isEmpty)
  })

  test('endings by the rows that they write', () => {
    const mailbox = new Mailbox()
    end(mailbox, 32, completed({ followUps: Array.from({ length: 1_000 }, () => aJob()) }))
    assert.equal(mailbox.take(1_000, false).endings.length, 1)
    assert.equal(mailbox.take(4_000, false).endings.length, 2)
  })

  test('endings by the size of their delivery records', () => {
    const mailbox = new Mailbox()
    const deliveries = [aDelivery({ requestBody: 'x'.repeat(600 * KIB) })]
    end(mailbox, 9, completed({ deliveries }))
    assert.equal(mailbox.take(1_000, false).endings.length, 2)
  })

  test('as many short endings and submissions as it has rows', () => {
    const mailbox = new Mailbox()
    end(mailbox, 900, completed())
    submit(mailbox, 900, 2)
    const { endings, submissions } = mailbox.take(1_000, false)
    assert.deepEqual([endings.length, submissions.length], [500, 500])
  })

  test('half of the submissions, if due jobs wait', () => {
    const mailbox = new Mailbox()
    submit(mailbox, 2_000, 2)
    assert.equal(mailbox.take(1_000, true).submissions.length, 500)
  })

  test('at least one ending and one submission', () => {
    const mailbox = new Mailbox()
    end(mailbox, 3, completed({ followUps: Array.from({ length: 1_000 }, () => aJob()) }))
    submit(mailbox, 3, 2)
    const { endings, submissions } = mailbox.take(64, true)
    assert.deepEqual([endings.length, submissions.length], [1, 1])
  })
})
