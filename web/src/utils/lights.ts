/** In the order in which they are shown. */
export const LIGHTS = ['backup', 'retention', 'check', 'restore'] as const
export type LightName = (typeof LIGHTS)[number]

/** `held`: it is not done on purpose, such as a retention while backups fail. `none`: it does not apply. */
export type LightState = 'healthy' | 'warning' | 'unhealthy' | 'unknown' | 'held' | 'none'
export interface Light {
  state: LightState
  /** When it was last done. */
  at?: string | null
}
export type Lights = Record<LightName, Light>
