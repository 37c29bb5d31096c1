import { createRouter, createWebHistory } from 'vue-router'
import { refresh, signedIn } from './api/session'

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/login', name: 'login', component: () => import('./pages/LoginPage.vue'), meta: { open: true } },
    { path: '/invitation', name: 'invitation', component: () => import('./pages/InvitationPage.vue'), meta: { open: true } },
    { path: '/account', name: 'account', component: () => import('./pages/AccountPage.vue') },
    { path: '/users', name: 'users', component: () => import('./pages/UsersPage.vue') },
    { path: '/', name: 'dashboard', component: () => import('./pages/DashboardPage.vue') },
    { path: '/agents', name: 'agents', component: () => import('./pages/AgentsPage.vue') },
    { path: '/policies', name: 'policies', component: () => import('./pages/PoliciesPage.vue') },
    { path: '/policies/new', name: 'policy-new', component: () => import('./pages/PolicyNewPage.vue') },
    { path: '/runs', name: 'runs', component: () => import('./pages/RunsPage.vue') },
    { path: '/runs/:id', name: 'run', component: () => import('./pages/RunPage.vue'), props: true },
    { path: '/m/:module/:page', name: 'module-page', component: () => import('./pages/ModulePage.vue'), props: true },
    { path: '/:rest(.*)*', name: 'not-found', component: () => import('./pages/NotFoundPage.vue') },
  ],
})

router.beforeEach(async (to) => {
  if (to.meta.open || signedIn.value) return true
  const session = await refresh().catch(() => false)
  return session ? true : { name: 'login', query: { to: to.fullPath } }
})
