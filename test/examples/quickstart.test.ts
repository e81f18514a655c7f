import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ROOT as ROOT_URL } from '../support/built.ts'
import { temporaryFolder } from '../support/folder.ts'

const ROOT = fileURLToPath(ROOT_URL)

/** The first two blocks of code of the README: its quickstart. */
async function quickstart(): Promise<{ main: string; handlers: string }> {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8')
  const [main = '', handlers = ''] = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(
    ([, code]) => code,
  )
  return { main, handlers }
}

test("the README's quickstart, followed word by word, prints what it says", async (t) => {
  const folder = await temporaryFolder(t)
  const { main, handlers } = await quickstart()
  assert.match(main, /^\/\/ main\.ts\n/)
  assert.match(handlers, /^\/\/ handlers\.ts\n/)
  await writeFile(join(folder, 'main.ts'), main)
  await writeFile(join(folder, 'handlers.ts'), handlers)
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  const modules = join(folder, 'node_modules')
  const tsx = createRequire(import.meta.url).resolve('tsx/package.json')
  await mkdir(modules)
  await symlink(ROOT, join(modules, 'helve'))
  await symlink(dirname(tsx), join(modules, 'tsx'))

  const child = spawn(process.execPath, ['--import', 'tsx', 'main.ts'], { cwd: folder })
  t.after(() => child.kill())
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  const line = once(child.stdout.setEncoding('utf8'), 'data')
  const end = once(child, 'exit').then(() => [`it ended: ${errors}`])
  assert.deepEqual(await Promise.race([line, end]), ['run 1: indexing /srv/repos/5.git\n'])
  assert.equal(errors, '')
})
