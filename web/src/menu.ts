import type { Icon } from './icons'
import { Agents, Api, Compliance, Dashboard, Policies, Repositories, Runs, Snapshots, Targets, Users } from './icons'

export type MenuGroupName = 'overview' | 'protect' | 'find' | 'trust' | 'modules' | 'settings'

/** A page of the application in the menu; its word is the message `nav.<name>`, its group's `menu.<group>`. */
interface MenuPage {
  name: string
  group: MenuGroupName
  icon: Icon
  /** Only for those who may. */
  needs?: 'manageUsers'
  /** Also in the bar of a narrow window, by this message: a word of at most 11 letters. There is room for four. */
  bar?: string
  /** Outside of the application. */
  href?: string
}

/** Groups come in this order, whatever is in them; one without pages is not shown. */
export const MENU_GROUPS: readonly MenuGroupName[] = ['overview', 'protect', 'find', 'trust', 'modules', 'settings']

export const MENU_PAGES: readonly MenuPage[] = [
  { name: 'dashboard', group: 'overview', icon: Dashboard, bar: 'nav.dashboard' },
  { name: 'agents', group: 'protect', icon: Agents },
  { name: 'policies', group: 'protect', icon: Policies },
  { name: 'targets', group: 'protect', icon: Targets },
  { name: 'repositories', group: 'protect', icon: Repositories },
  { name: 'snapshots', group: 'find', icon: Snapshots, bar: 'menu.snapshots' },
  { name: 'runs', group: 'find', icon: Runs, bar: 'menu.runs' },
  { name: 'compliance', group: 'trust', icon: Compliance },
  { name: 'users', group: 'settings', icon: Users, needs: 'manageUsers' },
  { name: 'api', group: 'settings', icon: Api, href: '/swagger/' },
]

/** A link of the menu as it is shown. */
export interface MenuEntry {
  key: string
  label: string
  href: string
  /** False: the browser goes there, not the router. */
  inside: boolean
  icon: Icon
  /** A picture of the module's own, instead of the icon. */
  picture?: string
  module?: string
  /** Its word in the bar, if it is there. */
  bar?: string
}
export interface MenuGroup {
  name: MenuGroupName
  entries: MenuEntry[]
}

/** A page below an entry ("/policies/new") is marked at the entry. */
export function isCurrent(entry: Pick<MenuEntry, 'href' | 'inside'>, path: string): boolean {
  return entry.inside && (path === entry.href || (entry.href !== '/' && path.startsWith(`${entry.href}/`)))
}
