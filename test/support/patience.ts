/**
 * Milliseconds for which a test waits for something that has to happen. Only a test that has failed
 * waits so long: on a busy machine everything takes ten times as long as on a quiet machine.
 */
export const PATIENCE = 60_000
