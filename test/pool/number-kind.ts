import { defineHandlers } from '../../workers/define-handlers.ts'

export default defineHandlers(() => ({ kinds: { add: 5 as never } }))
