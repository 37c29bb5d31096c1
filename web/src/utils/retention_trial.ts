import type { PolicyInput, PreviewForgetResult } from '../api/client'

/** How an agent's trial of a retention ended. */
export interface TrialEnd {
  task: string
  worked: boolean
  /** Some group of snapshots would lose more than half of them. */
  overHalf: boolean
}

export interface TriedGroup {
  /** The machine and what is saved of it. */
  name: string
  kept: number
  removed: number
  overHalf: boolean
}

export const groupsOf = (result: Partial<PreviewForgetResult> | null | undefined): TriedGroup[] =>
  (result?.groups ?? []).map(({ host, paths, kept, removed }) => ({ name: [host, ...(paths ?? [])].filter(Boolean).join(' '), kept, removed, overHalf: removed > kept }))

/** What is sent with the rules: the trials, or that somebody is sure. */
export function confirmationOf(ends: readonly TrialEnd[], sure: boolean): Pick<PolicyInput, 'confirm_removal' | 'retention_previews'> {
  return sure ? { confirm_removal: true } : { retention_previews: ends.filter((end) => end.worked).map((end) => end.task) }
}
