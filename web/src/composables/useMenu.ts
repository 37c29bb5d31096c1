import { computed } from 'vue'
import { useI18n } from 'vue-i18n'
import { useRouter } from 'vue-router'
import type { Language } from '../i18n'
import { ModulePage } from '../icons'
import { MENU_GROUPS, MENU_PAGES, type MenuEntry, type MenuGroup } from '../menu'
import { useModulePages } from '../modules/pages'
import { useMay } from './useMay'

/** The menu for whoever is signed in, in the page's language: groups that have something. */
export function useMenu() {
  const { t, locale } = useI18n()
  const router = useRouter()
  const may = useMay()
  const { data: modulePages } = useModulePages()

  const ofModules = computed((): MenuEntry[] =>
    (modulePages.value ?? []).map((page) => ({
      key: `${page.module}/${page.path}`,
      label: page.title[locale.value as Language],
      href: router.resolve({ name: 'module-page', params: { module: page.module, page: page.path } }).path,
      inside: true,
      icon: ModulePage,
      ...(page.icon ? { picture: page.icon } : {}),
      module: page.module,
    })),
  )
  const own = (group: string): MenuEntry[] =>
    MENU_PAGES.filter((page) => page.group === group && (!page.needs || may[page.needs].value)).map(({ name, icon, bar, href }) => ({
      key: name,
      label: t(`nav.${name}`),
      href: href ?? router.resolve({ name }).path,
      inside: !href,
      icon,
      ...(bar ? { bar: t(bar) } : {}),
    }))
  const groups = computed((): MenuGroup[] =>
    MENU_GROUPS.map((name) => ({ name, entries: name === 'modules' ? ofModules.value : own(name) })).filter((group) => group.entries.length > 0),
  )
  return { groups, bar: computed(() => groups.value.flatMap((group) => group.entries).filter((entry) => entry.bar)) }
}
