import { createRouter, createWebHistory } from 'vue-router'
import { refresh, signedIn } from './api/session'
/** The host answers 404 for every other address: it gets this list with the application. */
import pages from './pages.json'

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: pages.login, name: 'login', component: () => import('./pages/LoginPage.vue'), meta: { open: true } },
    { path: pages.invitation, name: 'invitation', component: () => import('./pages/InvitationPage.vue'), meta: { open: true } },
    { path: pages.account, name: 'account', component: () => import('./pages/AccountPage.vue') },
    { path: pages.users, name: 'users', component: () => import('./pages/UsersPage.vue') },
    { path: pages.dashboard, name: 'dashboard', component: () => import('./pages/DashboardPage.vue') },
    { path: pages.agents, name: 'agents', component: () => import('./pages/AgentsPage.vue') },
    { path: pages.agent, name: 'agent', component: () => import('./pages/AgentPage.vue'), props: true },
    { path: pages.policies, name: 'policies', component: () => import('./pages/PoliciesPage.vue') },
    { path: pages['policy-new'], name: 'policy-new', component: () => import('./pages/PolicyNewPage.vue') },
    { path: pages['policy-edit'], name: 'policy-edit', component: () => import('./pages/PolicyEditPage.vue'), props: true },
    { path: pages.policy, name: 'policy', component: () => import('./pages/PolicyPage.vue'), props: true },
    { path: pages.targets, name: 'targets', component: () => import('./pages/TargetsPage.vue') },
    { path: pages['target-new'], name: 'target-new', component: () => import('./pages/TargetNewPage.vue') },
    { path: pages.target, name: 'target', component: () => import('./pages/TargetPage.vue'), props: true },
    { path: pages.repositories, name: 'repositories', component: () => import('./pages/RepositoriesPage.vue') },
    { path: pages['repository-new'], name: 'repository-new', component: () => import('./pages/RepositoryNewPage.vue') },
    { path: pages['repository-edit'], name: 'repository-edit', component: () => import('./pages/RepositoryEditPage.vue'), props: true },
    { path: pages.repository, name: 'repository', component: () => import('./pages/RepositoryPage.vue'), props: true },
    { path: pages['recovery-kit'], name: 'recovery-kit', component: () => import('./pages/RecoveryKitPage.vue'), props: true },
    { path: pages.compliance, name: 'compliance', component: () => import('./pages/CompliancePage.vue') },
    { path: pages.snapshots, name: 'snapshots', component: () => import('./pages/SnapshotsPage.vue') },
    { path: pages.snapshot, name: 'snapshot', component: () => import('./pages/SnapshotPage.vue'), props: true },
    { path: pages.runs, name: 'runs', component: () => import('./pages/RunsPage.vue') },
    { path: pages.run, name: 'run', component: () => import('./pages/RunPage.vue'), props: true },
    { path: pages['module-page'], name: 'module-page', component: () => import('./pages/ModulePage.vue'), props: true },
    { path: '/:rest(.*)*', name: 'not-found', component: () => import('./pages/NotFoundPage.vue') },
  ],
})

router.beforeEach(async (to) => {
  if (to.meta.open || signedIn.value) return true
  const session = await refresh().catch(() => false)
  return session ? true : { name: 'login', query: { to: to.fullPath } }
})
