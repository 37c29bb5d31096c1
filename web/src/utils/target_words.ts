import type { TargetStatus } from '../api/client'
import { germanIn, reasonOf } from '../i18n/reasons'
import { isOldAnswer, stateOf } from './targets'

/** The page's language and formats. */
export interface TargetSay {
  t: (key: string, parameters?: Record<string, unknown>) => string
  te: (key: string) => boolean
  relative: (at: string | null | undefined) => string
  language: string
}
type Problem = { error: string; message: string; cause?: string | null }

/** Whose message is a sentence of the host's own already, with what it measured. */
const SAYS_ITSELF = new Set(['NoSnapshots', 'SnapshotTooOld'])
const hasMeaning = ({ error }: Problem, { te }: TargetSay): boolean => !SAYS_ITSELF.has(error) && te(`lookError.${error}.what`)

/** So the host begins where the check is concerned, and not what it looks at more often. */
const OF_CHECK = /^The last check did not come to its end: /

/** What a problem means, in a short sentence. */
export function meaningOfLook(problem: Problem, say: TargetSay): string {
  if (!hasMeaning(problem, say)) return reasonOf(problem, say.language)
  const what = say.t(`lookError.${problem.error}.what`)
  return OF_CHECK.test(problem.message) ? say.t('target.ofCheck', { what }) : what
}
/** Why something is wrong with a target: of one that the server looks at what the look means, of an agent's what was said. */
export const whyOf = ({ mode }: Pick<TargetStatus, 'mode'>, problem: Problem, say: TargetSay): string => (mode === 'direct' ? meaningOfLook(problem, say) : reasonOf(problem, say.language))
/** What to do about it; "" where nothing is known. */
export function adviceOfLook({ error }: Problem, { t, te }: TargetSay): string {
  const key = [`lookError.${error}.todo`, `reason.${error}.todo`].find((one) => te(one))
  return key ? t(key) : ''
}
/** What host or restic said of it, where the meaning says it in other words; "" where it does not. */
export function ownWordsOfLook(problem: Problem, say: TargetSay): string {
  if (!hasMeaning(problem, say) || problem.message === problem.error) return ''
  return (say.language === 'de' && germanIn(problem.message.replace(OF_CHECK, ''))) || problem.message.replace(OF_CHECK, '')
}

/** That what is shown is older than the last look; "" where it is not. */
export function ageOfAnswer(target: Pick<TargetStatus, 'mode' | 'checked_at' | 'seen_at'>, { t, relative }: TargetSay): string {
  if (!isOldAnswer(target)) return ''
  return target.seen_at ? t('target.seenThen', { age: relative(target.seen_at) }) : t('target.neverSeen')
}

/** Why a target is well or not, in a sentence. */
export function sentenceOfTarget(target: TargetStatus, say: TargetSay): string {
  const { name } = target
  if (target.disabled) return say.t('target.rests', { name })
  if (target.error) return say.t('target.because', { name, reason: meaningOfLook(target.error, say) })
  if (stateOf(target) === 'unseen') return say.t('target.unseen', { name })
  if (!target.last_snapshot) return say.t('target.noBackup', { name })
  return say.t('target.well', { name, age: say.relative(target.last_snapshot) })
}
