import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Events } from '../src/events.ts'

const nothing = () => undefined

/** Events, and how many times the data of one was made. */
function counted() {
  const events = new Events()
  let made = 0
  const emit = () =>
    events.emit('drained', () => {
      made += 1
      return { at: made }
    })
  return { events, emit, made: () => made }
}

describe('the data of an event is made only if somebody listens', () => {
  test('to the event', () => {
    const { events, emit, made } = counted()
    events.on('unowned', nothing)
    emit()
    assert.deepEqual([events.heard('drained'), made()], [false, 0])
    events.on('drained', nothing)
    emit()
    assert.deepEqual([events.heard('drained'), made()], [true, 1])
    events.off('drained', nothing)
    emit()
    assert.deepEqual([events.heard('drained'), made()], [false, 1])
  })

  test('to all events, and then once for all listeners', () => {
    const { events, emit, made } = counted()
    const heard: unknown[] = []
    const any = (...event: unknown[]) => heard.push(event)
    events.onAny(any)
    events.on('drained', (data) => heard.push(data))
    events.onAny(any)
    emit()
    assert.deepEqual([events.heard('drained'), events.heard('completed'), made()], [true, true, 1])
    assert.deepEqual(heard, [['drained', { at: 1 }], { at: 1 }, ['drained', { at: 1 }]])
    events.offAny(any)
    events.offAny(any)
    assert.deepEqual([events.heard('drained'), events.heard('completed')], [true, false])
  })
})

test('`off` and `offAny` do not take off the registrations of each other', () => {
  const { events } = counted()
  const listener = () => undefined
  events.on('drained', listener)
  events.onAny(listener)
  events.offAny(listener)
  assert.deepEqual([events.heard('drained'), events.heard('error')], [true, false])
  events.onAny(listener)
  events.off('drained', listener)
  events.off('error', listener)
  assert.deepEqual([events.heard('drained'), events.heard('error')], [true, true])
})

test('a listener of `once` hears the next event, and no later one', () => {
  const { events, emit, made } = counted()
  events.once('drained', nothing)
  emit()
  emit()
  assert.deepEqual([events.heard('drained'), made()], [false, 1])
})
