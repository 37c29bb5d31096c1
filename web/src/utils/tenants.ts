import type { Problem } from '../api/errors'

/** The tenants among which a sign-in wants a choice: each detail is an id, a blank, and the name. */
export function choicesOf(details: Problem[]): { id: string; name: string }[] {
  return details
    .filter((detail) => detail.pointer === '/tenant_id')
    .map((detail) => ({ id: detail.message.slice(0, 36), name: detail.message.slice(37) }))
}
