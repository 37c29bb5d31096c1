import { i18n } from '.'
import { ClientError } from '../api/errors'

/** Why something failed, in the page's language; what the host said is shown in its own words. */
export function sentenceOf(error: unknown): string {
  if (error instanceof ClientError) return i18n.global.t(`error.${error.kind}`, { id: error.requestId })
  if (error instanceof Error) return error.message
  return String(error)
}
