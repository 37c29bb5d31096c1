// The page of the module sites: what it has, and a form for those who may add one.
import { textsOf } from './texts.js'

/**
 * @typedef {{ id: string, name: string, arrivals: number }} Site
 * @typedef {import('ae-backend/page').PageContext} PageContext
 */

/** @type {import('ae-backend/page').Mount} */
export async function mount(element, context) {
  const style = document.createElement('link')
  style.rel = 'stylesheet'
  style.href = new URL('sites.css', import.meta.url).href
  const list = document.createElement('ul')
  list.className = 'sites'
  element.append(style, list)

  /** @type {Site[]} */
  let sites = []
  const show = () => {
    const texts = textsOf(context.language)
    list.replaceChildren(
      ...sites.map((site) => {
        const item = document.createElement('li')
        item.textContent = `${site.name}: ${texts.arrivals(site.arrivals)}`
        return item
      }),
    )
    if (!sites.length) list.textContent = texts.none
    list.dataset.theme = context.theme
  }
  const load = async () => {
    const answer = /** @type {{ items: Site[] }} */ (await context.json('/api/v1/sites'))
    sites = answer.items
    show()
  }

  context.onLanguage(show)
  context.onTheme(show)
  if (context.role !== 'viewer') element.append(makeForm(context, load))
  const timer = setInterval(() => void load().catch(() => undefined), 10_000)
  await load()
  return () => clearInterval(timer)
}

/**
 * @param {PageContext} context
 * @param {() => Promise<void>} added
 */
function makeForm(context, added) {
  const form = document.createElement('form')
  const name = document.createElement('input')
  const button = document.createElement('button')
  name.className = 'input'
  name.required = true
  button.className = 'btn btn-primary'
  const label = () => {
    const texts = textsOf(context.language)
    name.setAttribute('aria-label', texts.name)
    button.textContent = texts.add
  }
  label()
  context.onLanguage(label)
  form.append(name, button)
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    try {
      await context.json('/api/v1/sites', { body: { name: name.value } })
      context.notify(textsOf(context.language).added(name.value))
      form.reset()
      await added()
    } catch (error) {
      // The host's own sentence; what the page cannot know is left to it.
      context.notify(error instanceof Error ? error.message : String(error), 'error')
    }
  })
  return form
}
