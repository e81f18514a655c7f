import { DAMAGED_ROWS } from './damaged-rows.ts'
import type { Fault } from './fault.ts'
import { FULL_DISK } from './full-disk.ts'
import { OTHERS } from './others.ts'
import { TAKEN_AWAY } from './taken-away.ts'
import { UNUSABLE_FILES } from './unusable.ts'

/** All faults. */
export const FAULTS: Fault[] = [
  ...FULL_DISK,
  ...OTHERS,
  ...TAKEN_AWAY,
  ...UNUSABLE_FILES,
  ...DAMAGED_ROWS,
]
