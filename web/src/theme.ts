import { ref, watchEffect } from 'vue'

export type Theme = 'light' | 'dark'
const KEY = 'theme'

function preferred(): Theme {
  const chosen = localStorage.getItem(KEY)
  if (chosen === 'light' || chosen === 'dark') return chosen
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
}

/** What is shown; `toggleTheme` also remembers it. */
export const theme = ref<Theme>(preferred())
watchEffect(() => document.documentElement.setAttribute('data-theme', theme.value))

export function toggleTheme(): void {
  theme.value = theme.value === 'dark' ? 'light' : 'dark'
  localStorage.setItem(KEY, theme.value)
}
