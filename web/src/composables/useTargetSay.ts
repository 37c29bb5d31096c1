import { useI18n } from 'vue-i18n'
import type { TargetSay } from '../utils/target_words'
import { useFormat } from './useFormat'

/** What sentences about targets are made with, in the page's language; reactive where it is used in a template. */
export function useTargetSay(): TargetSay {
  const { t, te, locale } = useI18n()
  const { relative } = useFormat()
  return {
    t: (key, parameters = {}) => t(key, parameters),
    te: (key) => te(key),
    relative,
    get language() {
      return locale.value
    },
  }
}
