import { createI18n } from 'vue-i18n'
import de from './de'
import en from './en'

export type Language = 'en' | 'de'
const KEY = 'language'

function preferred(): Language {
  const chosen = localStorage.getItem(KEY)
  if (chosen === 'en' || chosen === 'de') return chosen
  return navigator.language.toLowerCase().startsWith('de') ? 'de' : 'en'
}

export const i18n = createI18n({ legacy: false, locale: preferred(), fallbackLocale: 'en', messages: { en, de } })
document.documentElement.lang = i18n.global.locale.value

export function setLanguage(language: Language): void {
  i18n.global.locale.value = language
  localStorage.setItem(KEY, language)
  document.documentElement.lang = language
}
