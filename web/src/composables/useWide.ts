import { onBeforeUnmount, ref, type Ref } from 'vue'

/** True while the window has room for the menu beside the page. */
export function useWide(): Ref<boolean> {
  const media = matchMedia('(min-width: 64rem)')
  const wide = ref(media.matches)
  const changed = (): void => {
    wide.value = media.matches
  }
  media.addEventListener('change', changed)
  onBeforeUnmount(() => media.removeEventListener('change', changed))
  return wide
}
