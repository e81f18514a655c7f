import type { Part } from './part.ts'
import * as powerCut from './power-cut/power-cut.ts'

/** The parts by name: a further one is one more entry. */
export const PARTS: Record<string, Part> = {
  'power-cut': { about: 'cuts the power under load', run: powerCut.run },
}
