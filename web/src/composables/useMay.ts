import { computed } from 'vue'
import { currentUser } from '../api/session'

const ORDER = ['viewer', 'operator', 'admin'] as const

/** What the person's role in the active tenant allows: nobody is shown a button that the host would refuse. */
export function useMay() {
  const atLeast = (role: (typeof ORDER)[number]) =>
    computed(() => ORDER.indexOf(currentUser.value?.role ?? 'viewer') >= ORDER.indexOf(role))
  const operator = atLeast('operator')
  const admin = atLeast('admin')
  return { work: operator, editPolicies: operator, addRepositories: admin, startAnew: admin, changeRepositories: admin, removeRepositories: admin, watchTargets: admin, addAgents: admin, changeAgents: admin, setUpPlugins: operator, restore: operator, browse: operator, tagSnapshots: operator, forgetSnapshots: admin, manageUsers: admin, seeSystem: admin }
}
