/** A kind's name: letters, digits and `_ . : -`, 64 at most. */
export const MAX_KIND_LENGTH = 64
/** Bytes of a payload's JSON. */
export const MAX_PAYLOAD_BYTES = 1_048_576
/** Bytes of a dedupe key, and of a group's name, in UTF-8. */
export const MAX_NAME_BYTES = 512
/** Bytes of a kept error message, and of a kept stack. */
export const MAX_ERROR_BYTES = 8_192
/** Bytes of text of all causes, errors and fields that are kept with an error. */
export const MAX_DETAIL_BYTES = 16_384
/** Bytes of a handler's result in JSON. */
export const MAX_RESULT_BYTES = 1_048_576
/** Most follow-up jobs of one run, and most delivery records: one turn writes all of them. */
export const MAX_EFFECTS = 1_000
/** Bytes of the follow-up jobs and the delivery records of one run, together. */
export const MAX_EFFECT_BYTES = 16 * 1_048_576
/** Bytes of the fields of one line that a handler in a thread logs, in JSON. */
export const MAX_LOG_BYTES = 65_536
/** Characters of the reason for which a handler trips a breaker. */
export const MAX_REASON_LENGTH = 500
/** A job is dead once a thread or process has died this often while it ran the job. */
export const MAX_CRASHES = 3
/** Milliseconds: no delay, timeout or backoff is longer than a year. */
export const MAX_DELAY = 366 * 24 * 60 * 60 * 1_000
/** Priorities lie between `-MAX_PRIORITY` and `MAX_PRIORITY`. */
export const MAX_PRIORITY = 1_000
/** Milliseconds for which a call goes on trying while other connections hold the write lock. */
export const MAX_BUSY_TIME = 10_000
/** Milliseconds: the last time that a Date can show stands for a time that never comes. */
export const NEVER = 8_640_000_000_000_000
