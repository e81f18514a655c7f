import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Services, type Service } from '../../src/runtime/services.ts'

/** Services that record their calls in `told`. A service named in `broken` fails to start. */
function telling(names: string[], broken: string[] = []) {
  const told: string[] = []
  const service = (name: string): Service => ({
    async start() {
      told.push(`start ${name}`)
      await Promise.resolve()
      if (broken.includes(name)) throw new Error(`${name} is broken`)
      told.push(`started ${name}`)
    },
    async stop() {
      told.push(`stop ${name}`)
      await Promise.resolve()
      told.push(`stopped ${name}`)
    },
  })
  const services = new Services(names.map(service), (error) => assert.fail(String(error)))
  return { services, told }
}

describe('services', () => {
  test('start one after the other, and stop the other way round', async () => {
    const { services, told } = telling(['a', 'b'])
    await services.start()
    assert.deepEqual(told.splice(0), ['start a', 'started a', 'start b', 'started b'])
    await services.stop()
    assert.deepEqual(told.splice(0), ['stop b', 'stopped b', 'stop a', 'stopped a'])
  })

  test('stop after a failed start: the failed one too, but none that was not tried', async () => {
    const { services, told } = telling(['a', 'b', 'c'], ['b'])
    await assert.rejects(services.start(), /b is broken/)
    told.length = 0
    await services.stop()
    assert.deepEqual(told, ['stop b', 'stopped b', 'stop a', 'stopped a'])
  })

  test('stop all though one cannot be stopped, and tell of its error', async () => {
    const told: string[] = []
    const mistakes: unknown[] = []
    const error = new Error('it does not stop')
    const service = (name: string): Service => ({
      start: () => undefined,
      stop: () => {
        told.push(name)
        if (name === 'b') throw error
      },
    })
    const all = ['a', 'b', 'c'].map(service)
    const services = new Services(all, (mistake) => mistakes.push(mistake))
    await services.start()
    await services.stop()
    assert.deepEqual(told, ['c', 'b', 'a'])
    assert.deepEqual(mistakes, [error])
  })

  test('stop once for each start, and start again afterwards', async () => {
    const { services, told } = telling(['a'])
    await services.stop()
    assert.deepEqual(told, [])
    await services.start()
    await services.stop()
    await services.stop()
    await services.start()
    assert.deepEqual(told, ['start a', 'started a', 'stop a', 'stopped a', 'start a', 'started a'])
  })
})
