import { AT_WORK, MEETS_START, MEETS_WORK, type Fault } from './fault.ts'

const HELD: Pick<Fault, 'silences' | 'lasts' | 'inflict' | 'heal'> = {
  silences: true,
  lasts: 7_000,
  inflict: (scene) => scene.hold('write'),
  heal: (scene) => scene.letGo(),
}

/** Other processes use the same file. */
export const OTHERS: Fault[] = [
  { ...MEETS_WORK, ...HELD, name: 'write lock held', code: 'HELVE_ERR_STORE_BUSY' },
  {
    ...MEETS_START,
    ...HELD,
    name: 'write lock held, at start',
    code: 'HELVE_ERR_STORE_BUSY',
    then: 'goes on',
  },
  {
    ...MEETS_WORK,
    name: 'reader holds the log',
    code: undefined,
    // Turns may have to wait while a large log is cut off.
    also: 'HELVE_ERR_STORE_BUSY',
    lasts: 20_000,
    inflict: (scene) => scene.hold('read'),
    heal: (scene) => scene.letGo(),
  },
  {
    ...MEETS_START,
    name: 'second owner',
    code: 'HELVE_ERR_OWNED',
    inflict: (scene) => scene.start(AT_WORK).hear('ready'),
    heal: (scene) => scene.hosts[1]!.kill(),
  },
]
