import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ROOT } from './built.ts'

/** The TypeScript files in these folders, as paths from the root of the repository. */
export function sourceFiles(...folders: string[]): string[] {
  return folders.flatMap((folder) =>
    (readdirSync(fileURLToPath(ROOT + folder), { recursive: true }) as string[])
      .filter((file) => file.endsWith('.ts'))
      .map((file) => `${folder}/${file}`)
      .sort(),
  )
}
