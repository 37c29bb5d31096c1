import { toValue, watchEffect, type MaybeRefOrGetter } from 'vue'
import { useI18n } from 'vue-i18n'

/** What the browser's tab says: the page, then the application. */
export function useTitle(title: MaybeRefOrGetter<string>): void {
  const { t } = useI18n()
  watchEffect(() => {
    const own = toValue(title)
    document.title = own ? `${own} · ${t('app.name')}` : t('app.name')
  })
}
