import { ref } from 'vue'

/** One clock for every relative time on the page. */
export const now = ref(new Date())
setInterval(() => {
  now.value = new Date()
}, 5000)
