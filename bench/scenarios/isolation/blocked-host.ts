import { isolated, until, warmUp, type Isolation } from './isolated.ts'

const BLOCKS = 20
const BLOCK = 800
const TIMEOUT = 500
const REST = { ms: 100 }
/** Jobs that run while the main thread is blocked, in the shared lane. */
const AT_A_TIME = 32

export const blockedHost: Isolation = {
  name: 'blocked host',
  disturbance: 'the main thread blocked for 800 ms, beside jobs of 100 ms with a timeout of 500 ms',
  musts: [{ figure: 'aborted', text: 'none', holds: (runs) => runs === 0 }],
  load: (params, disturbed) =>
    isolated(params, { io: { threads: 1, concurrency: 64 } }, async ({ runtime }) => {
      runtime.register('rest', { lane: 'io', timeout: TIMEOUT, maxAttempts: 1 })
      void runtime.run()
      await warmUp(runtime, 'rest', () => ({ ms: 0 }), 100)
      const ends = { fine: 0, aborted: 0 }
      const end = (aborted: boolean): void => void (ends[aborted ? 'aborted' : 'fine'] += 1)
      let begun = 0
      runtime.on('progress', () => (begun += 1))
      runtime.on('completed', ({ result }) => end(result === true))
      runtime.on('dead', () => end(true)).on('retrying', () => end(true))

      for (let block = 1; block <= BLOCKS; block++) {
        for (let job = 0; job < AT_A_TIME; job++) void runtime.enqueue('rest', REST)
        await until(() => begun >= block * AT_A_TIME, 'the start of all')
        if (disturbed) blockFor(BLOCK)
        await until(() => ends.fine + ends.aborted === block * AT_A_TIME, 'the end of all')
      }
      return { aborted: ends.aborted }
    }),
}

function blockFor(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}
