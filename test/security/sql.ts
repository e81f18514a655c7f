/** An expression that is passed to SQLite as SQL, and is no literal by itself. */
export interface Built {
  /** The text of the argument, or of the interpolation. */
  expression: string
  line: number
}

/** A call that takes SQL, up to its parenthesis. */
const CALL = /\.(?:prepare|exec|pragma)\b(?:<[^()]*>)?\(/g
/** In a file of statements, a call of its preparer, which takes SQL as well. */
const PREPARER = /(?<![.\w])(?:run|rows|value)\(/g
const LITERAL = /^\s*(?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`)\s*(?=[),])/
const INTERPOLATION = /\$\{((?:[^{}]|\{[^{}]*\})*)\}/g

/** Finds SQL that is built: arguments that are no literals, and interpolations in literals. */
export function builtSql(source: string): Built[] {
  // Code that a thread is given as text has its backticks escaped.
  const text = source.replaceAll('\\`', '`')
  const isStatements = /\bpreparer\(/.test(text)
  const built = (isStatements ? [CALL, PREPARER] : [CALL]).flatMap((call) =>
    [...text.matchAll(call)].flatMap((match) => argument(text, match.index + match[0].length)),
  )
  // In a file of statements, constants hold parts of statements.
  return isStatements ? [...built, ...interpolations(text, 0)] : built
}

function argument(text: string, start: number): Built[] {
  const rest = text.slice(start)
  const literal = LITERAL.exec(rest)?.[0]
  if (literal !== undefined) return interpolations(literal, lineOf(text, start))
  return [{ expression: rest.slice(0, rest.indexOf(')')).trim(), line: lineOf(text, start) }]
}

function interpolations(text: string, line: number): Built[] {
  return [...text.matchAll(INTERPOLATION)].map((match) => ({
    expression: match[1]!.trim(),
    line: line + lineOf(text, match.index),
  }))
}

function lineOf(text: string, at: number): number {
  return text.slice(0, at).split('\n').length
}
