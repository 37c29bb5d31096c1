import { useI18n } from 'vue-i18n'
import * as format from '../utils/format'
import { regionOf } from '../utils/regions'
import { now } from './useNow'

/** The formats in the page's language, as the reader's region writes them. */
export function useFormat() {
  const { locale, t } = useI18n()
  const region = (): string => regionOf(locale.value, navigator.languages ?? [])
  return {
    bytes: (value: number | null | undefined) => format.bytes(value, region()),
    duration: (seconds: number | null | undefined) => format.duration(seconds, region()),
    count: (value: number | null | undefined) => format.count(value, region()),
    percent: (value: number) => format.percent(value, region()),
    relative: (at: string | null | undefined) =>
      at ? format.relative(new Date(at), now.value, region(), t('time.now')) : t('time.never'),
    day: (date: string) => format.day(date, region()),
    month: (date: string) => format.month(date, region()),
    absolute: (at: string) => format.absolute(new Date(at), region()),
    absoluteIn: (at: string, timeZone: string) => format.absoluteIn(new Date(at), region(), timeZone),
  }
}
