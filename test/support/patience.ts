/**
 * Milliseconds for which a test waits for what has to happen. Only a test that has failed waits so
 * long: on a busy machine everything takes ten times as long as on a quiet one.
 */
export const PATIENCE = 60_000
