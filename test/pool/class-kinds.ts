import { defineHandlers } from '../../workers/define-handlers.ts'

class Handlers {
  reindex(): void {}
}

export default defineHandlers(() => ({ kinds: new Handlers() as never }))
