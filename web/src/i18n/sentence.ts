import { i18n } from '.'
import { ApiError, ClientError } from '../api/errors'
import { germanOf } from './errors'
import { problemText } from './problems'
import { germanIn } from './reasons'
import { germanOfSchedule } from './schedule_problems'

/** Whose own sentence says more than its kind: it names the setting. */
const SPEAKS_FOR_ITSELF = 'DirectPollForbidden'

/** Why something failed, in the page's language; problems of single fields by the field's name on the page. */
export function sentenceOf(error: unknown): string {
  if (error instanceof ClientError) return i18n.global.t(`error.${error.kind}`, { id: error.requestId })
  if (error instanceof ApiError) {
    const fields = error.details.map(problemText)
    if (fields.length === 1 && error.name === 'ValidationError') return `${fields[0]}.`
    const own = error.name === SPEAKS_FOR_ITSELF ? germanIn(error.message) : error.name === 'InvalidCronExpression' && germanOfSchedule(error.message)
    if (i18n.global.locale.value === 'de') return own || germanOf(error.name) || error.message
    return error.details.some((detail) => detail.pointer && error.message.includes(detail.pointer)) ? i18n.global.t('error.fields') : error.message
  }
  if (error instanceof Error) return error.message
  return String(error)
}

/** The host's own words, where the page says it in others. */
export function ownWordsOf(error: unknown): string {
  return error instanceof ApiError && i18n.global.locale.value === 'de' && error.details.length === 0 && germanOf(error.name) ? error.message : ''
}
