/** Secrets, by the place where each comes in. Tests find them nowhere but where they belong. */
export const SECRETS = {
  payload: 'hunter2-payload',
  result: 'hunter2-result',
  config: 'hunter2-config',
  threadEnvironment: 'hunter2-thread-environment',
  processEnvironment: 'hunter2-process-environment',
  hookSecret: 'hunter2-hook-secret',
  hookToken: 'hunter2-hook-token',
  delivered: 'hunter2-delivered',
  answerBody: 'hunter2-answer-body',
  answerHeader: 'hunter2-answer-header',
  cookie: 'hunter2-cookie',
  redirect: 'hunter2-redirect',
} as const

export type Secret = keyof typeof SECRETS
