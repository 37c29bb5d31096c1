import type { RestoreInput } from '../api/client'

export const OVERWRITE = ['always', 'if-changed', 'if-newer', 'never'] as const

/** What somebody has chosen of a restore of files. */
export interface RestoreForm {
  everything: boolean
  paths: string[]
  inPlace: boolean
  target: string
  overwrite: (typeof OVERWRITE)[number]
  verify: boolean
  /** The machine's id; "": the host chooses it. */
  agent: string
}

/** What is asked for: an older restic knows neither a trial nor ways to overwrite, so what is as it always was is not said. */
export const restoreInput = (form: RestoreForm, dryRun: boolean): RestoreInput => ({
  ...(form.everything ? {} : { paths: form.paths }),
  ...(form.inPlace ? { in_place: true } : { target: form.target.trim() }),
  ...(form.overwrite === 'always' ? {} : { overwrite: form.overwrite }),
  ...(dryRun ? { dry_run: true } : { verify: form.verify }),
  ...(form.agent ? { agent_id: form.agent } : {}),
})
