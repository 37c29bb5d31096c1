import type { Light, TargetStatus } from '../api/client'

/** In the order in which they are shown; what each says is the host's to judge. */
export const LIGHTS = ['backup', 'retention', 'check', 'restore_test'] as const satisfies (keyof TargetStatus['lights'])[]
export type LightName = (typeof LIGHTS)[number]

type Lit = Pick<TargetStatus, 'id' | 'repository_id'>
/** Where a light's evidence is to be seen. */
export interface Proof {
  kind: 'run' | 'repository' | 'target'
  to: { name: string; params: { id: string } }
}

/** A task is shown with its repository; a snapshot, a look, and what has no repository here, with the target. */
export function proofOf({ evidence }: Pick<Light, 'evidence'>, target: Lit): Proof | undefined {
  if (!evidence) return undefined
  const at = (kind: Proof['kind'], id: string): Proof => ({ kind, to: { name: kind, params: { id } } })
  if (evidence.kind === 'run') return at('run', evidence.id)
  return evidence.kind === 'task' && target.repository_id ? at('repository', target.repository_id) : at('target', target.id)
}

export const isTrouble = ({ state }: Pick<Light, 'state'>): boolean => state === 'warning' || state === 'bad'

/** The light that the target's problem is told of. */
export function troubledLight({ lights, error }: Pick<TargetStatus, 'lights' | 'error'>): Light | undefined {
  const name = error && LIGHTS.find((one) => isTrouble(lights[one]) && lights[one].reason === error.error)
  return name ? lights[name] : undefined
}

const WORST_FIRST: readonly Light['state'][] = ['bad', 'warning', 'unknown', 'ok', 'none']
/** For an order in which the worst comes first. */
export const rankOf = ({ state }: Pick<Light, 'state'>): number => WORST_FIRST.indexOf(state)

/** The short word of a light: why it is not ok, where that has one. */
export function wordOfLight({ state, reason }: Pick<Light, 'state' | 'reason'>, { t, te }: { t: (key: string) => string; te: (key: string) => boolean }): string {
  return reason && te(`reason.${reason}.word`) ? t(`reason.${reason}.word`) : t(`light.state.${state}`)
}
