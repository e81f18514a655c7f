import { defineHandlers } from '../../workers/define-handlers.ts'

export default defineHandlers(() => ({}) as never)
