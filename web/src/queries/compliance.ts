import { api, type Compliance, type ComplianceDay } from '../api/client'
import type { Asked } from './asked'
import { every } from './client'
import { keys } from './keys'

/** Whether all targets have what is promised. */
export const complianceQuery = (): Asked<Compliance[]> => ({
  queryKey: [...keys.compliance, 'now'],
  queryFn: async () => (await api.compliance()).items,
  refetchInterval: every(() => 30),
})

/** How each target was on each of the last days that somebody looked, by its id; of one only where it is named. */
export const daysQuery = (days: number, target?: string): Asked<Map<string, ComplianceDay[]>> => ({
  queryKey: [...keys.compliance, 'days', days, target ?? ''],
  queryFn: async () => new Map((await api.complianceDays(days, target)).items.map((one) => [one.target_id, one.days])),
  refetchInterval: every(() => 60),
})
