import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { completed, openLane } from '../support/pool/lane.ts'

const SENDERS = new URL('./senders.ts', import.meta.url)
/** Variables that commonly hold secrets, and variables that would change how a thread works. */
const SECRETS = [
  ...['DATABASE_URL', 'AWS_SECRET_ACCESS_KEY', 'GITHUB_TOKEN', 'SECRET_KEY_BASE', 'NPM_TOKEN'],
  ...['npm_config__authToken', 'SSH_AUTH_SOCK', 'GIT_ASKPASS', 'MYSQL_PWD', 'PGPASSWORD'],
  ...['https_proxy', 'NODE_EXTRA_CA_CERTS', 'NODE_OPTIONS', 'NODE_DEBUG', 'TSX_TSCONFIG_PATH'],
]

/** All variables that a thread sees without the option `env`. */
const HARMLESS = [
  'HOME',
  'LANG',
  'LC_ALL',
  'NODE_ENV',
  'PATH',
  'TEMP',
  'TMP',
  'TMPDIR',
  'TZ',
  'USER',
]

describe('the environment of a thread is on an allow-list', () => {
  for (const [what, env] of Object.entries({ 'nothing more': {}, 'its own': { FORGE: '/srv' } })) {
    test(`with ${what}; a process that a handler starts sees no more`, async (t) => {
      const before = { ...process.env }
      t.after(() => {
        for (const name of [...SECRETS, ...HARMLESS]) {
          if (before[name] === undefined) delete process.env[name]
          else process.env[name] = before[name]
        }
      })
      for (const name of SECRETS) process.env[name] = 'hunter2'
      for (const name of HARMLESS) process.env[name] ??= '/tmp'
      process.env['NODE_OPTIONS'] = '--no-deprecation'
      const lane = await openLane(t, { handlers: SENDERS, env })
      const seen = completed(await lane.run('environment')) as { own: string[]; child: string }
      const names = [...HARMLESS, ...Object.keys(env)].sort()
      assert.deepEqual(seen.own.toSorted(), names)
      const lines = seen.child.trim().split('\n')
      assert.deepEqual(lines.map((line) => line.split('=')[0]!).toSorted(), names)
      assert.doesNotMatch(seen.child, /hunter2/)
    })
  }
})
