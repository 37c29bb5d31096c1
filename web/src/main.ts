import { VueQueryPlugin } from '@tanstack/vue-query'
import { createApp, watch } from 'vue'
import { currentUser } from './api/session'
import App from './App.vue'
import { i18n } from './i18n'
import { makeQueryClient } from './queries/client'
import { router } from './router'
import './style.css'

const queryClient = makeQueryClient(() => {
  void router.push({ name: 'login', query: { to: router.currentRoute.value.fullPath } })
})
// Nobody sees what another person, or the same one in another tenant, was shown.
watch(
  () => `${currentUser.value?.id} ${currentUser.value?.tenant_id}`,
  () => queryClient.clear(),
)
createApp(App).use(i18n).use(router).use(VueQueryPlugin, { queryClient }).mount('#app')
