import { VueQueryPlugin } from '@tanstack/vue-query'
import { createApp } from 'vue'
import App from './App.vue'
import { i18n } from './i18n'
import { makeQueryClient } from './queries/client'
import { keepApart } from './queries/keep_apart'
import { router } from './router'
import './style.css'

const queryClient = makeQueryClient(() => {
  void router.push({ name: 'login', query: { to: router.currentRoute.value.fullPath } })
})
keepApart(queryClient)
createApp(App).use(i18n).use(router).use(VueQueryPlugin, { queryClient }).mount('#app')
