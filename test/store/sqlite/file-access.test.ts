import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { sourceFiles } from '../../support/sources.ts'

// POSIX locks belong to the process. Code that opens and closes the queue's file by other means
// than SQLite drops the locks that SQLite holds on the file in the same process. Then a second
// writer gets in.

/** The functions of `node:fs` that helve calls, and why these calls drop no lock. */
const USES: Record<string, { of: string[]; why: string }> = {
  'src/runtime/handlers-file.ts': {
    of: ['existsSync', 'readdirSync', 'statSync'],
    why: 'looks for the handlers module, and opens nothing but its folder',
  },
  'src/pool/process-groups.ts': { of: ['readFileSync'], why: 'reads /proc' },
  'src/pool/thread-options.ts': { of: ['existsSync'], why: 'looks for tsx' },
  'src/store/sqlite/backup.ts': { of: ['rmSync'], why: 'removes a copy that failed' },
  'src/store/sqlite/checkpoints.ts': { of: ['statSync'], why: 'opens nothing' },
  'src/store/sqlite/connection.ts': { of: ['existsSync'], why: 'looks for the folder' },
  'src/store/sqlite/file-identity.ts': { of: ['lstatSync'], why: 'opens nothing' },
  'src/store/sqlite/host-connection.ts': { of: ['statSync'], why: 'opens nothing' },
  'src/store/sqlite/private-file.ts': {
    of: ['closeSync', 'lstatSync', 'openSync'],
    why: 'opens only a file that it makes itself, which nobody can have open',
  },
  'src/store/sqlite/sole-copy.ts': { of: ['readFile'], why: 'reads /proc' },
  'src/webhook/guard/hosts-file.ts': {
    of: ['readFileSync', 'statSync'],
    why: 'reads /etc/hosts',
  },
  'src/store/machine-clocks.ts': { of: ['readFileSync'], why: 'reads /proc' },
  'src/store/sqlite/watch.ts': { of: ['watch'], why: 'inotify opens nothing' },
}

const IMPORT = /import \{([^}]*)\} from '(?:node:)?fs(?:\/promises)?'|(?:node:)?['"/]fs['"/]/g

describe('no code of helve opens the queue’s files by other means than SQLite', () => {
  for (const file of sourceFiles('src', 'workers')) {
    const found = [...readFileSync(file, 'utf8').matchAll(IMPORT)].flatMap(([all, names]) =>
      names === undefined ? [all] : names.split(',').map((name) => name.trim()),
    )
    if (found.length === 0 && USES[file] === undefined) continue
    test(file, () => assert.deepEqual(found.toSorted(), USES[file]?.of))
  }
})
