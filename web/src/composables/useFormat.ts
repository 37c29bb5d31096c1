import { useI18n } from 'vue-i18n'
import * as format from '../utils/format'
import { now } from './useNow'

/** The formats in the page's language. */
export function useFormat() {
  const { locale, t } = useI18n()
  return {
    bytes: (value: number | null | undefined) => format.bytes(value, locale.value),
    duration: (seconds: number | null | undefined) => format.duration(seconds, locale.value),
    count: (value: number | null | undefined) => format.count(value, locale.value),
    percent: (value: number) => format.percent(value, locale.value),
    relative: (at: string | null | undefined) =>
      at ? format.relative(new Date(at), now.value, locale.value, t('time.now')) : t('time.never'),
    absolute: (at: string) => format.absolute(new Date(at), locale.value),
  }
}
