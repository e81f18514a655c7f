import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { git } from './git.ts'

const FILES = {
  'README.md': '# Sample\n\nA repository that was made for a run of the forge.\n',
  'src/greeting.js': 'export const greeting = (name) => `Hello, ${name}!`\n',
  'docs/überblick.md': 'Names need not be ASCII.\n',
}

/** Makes a small repository in a folder, for a machine without any; resolves to its path. */
export async function makeSample(folder: string): Promise<string> {
  const sample = path.join(folder, 'sample')
  await mkdir(sample, { recursive: true })
  await git(sample, ['init', '--quiet', '--template='])
  for (const [name, content] of Object.entries(FILES)) {
    await mkdir(path.dirname(path.join(sample, name)), { recursive: true })
    await writeFile(path.join(sample, name), content)
    await git(sample, ['add', '--', name])
    await git(sample, ['commit', '--quiet', '--message', `Add ${name}`])
  }
  return sample
}
