// What people said, and a field to say something. The contract: share/ae-backend/sdk/page.d.ts in the host's prefix.
const texts = {
  en: { say: 'Say', none: 'Nobody has said anything yet.' },
  de: { say: 'Sagen', none: 'Noch hat niemand etwas gesagt.' },
}

/** @type {import('ae-backend/page').Mount} */
export async function mount(element, context) {
  element.innerHTML = '<ul></ul><form><input class="input" required maxlength="500"> <button class="btn"></button></form>'
  const list = /** @type {HTMLUListElement} */ (element.querySelector('ul'))
  const form = /** @type {HTMLFormElement} */ (element.querySelector('form'))
  const input = /** @type {HTMLInputElement} */ (element.querySelector('input'))
  const button = /** @type {HTMLButtonElement} */ (element.querySelector('button'))

  const load = async () => {
    button.textContent = texts[context.language].say
    input.setAttribute('aria-label', texts[context.language].say)
    const { items } = /** @type {{ items: { text: string }[] }} */ (await context.json('/api/v1/hello/greetings'))
    list.textContent = items.length ? '' : texts[context.language].none
    for (const greeting of items) list.appendChild(document.createElement('li')).textContent = greeting.text
  }
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    try {
      await context.json('/api/v1/hello/greetings', { body: { text: input.value } })
      form.reset()
      await load()
    } catch (error) {
      context.notify(error instanceof Error ? error.message : String(error), 'error')
    }
  })
  context.onLanguage(load)
  await load()
}
