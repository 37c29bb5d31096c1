import { useI18n } from 'vue-i18n'
import type { Say } from '../utils/maintenance'
import { useFormat } from './useFormat'

/** What sentences are made with, in the page's language; reactive where it is used in a template. */
export function useSay(): Say {
  const { t, locale } = useI18n()
  const { bytes } = useFormat()
  return {
    t: (key, parameters = {}, plural) => (plural === undefined ? t(key, parameters) : t(key, parameters, plural)),
    bytes,
    get language() {
      return locale.value
    },
  }
}
