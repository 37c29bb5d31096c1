import type { Light } from './api/client'
import type { Icon } from './icons'
import { Absent, Bad, Cancelled, Good, Notice, Off, Present, Running, Unknown, Waiting, Warning } from './icons'

export interface Look {
  icon: Icon
  tone: 'success' | 'warning' | 'error' | 'info' | 'ghost'
}
const good: Look = { icon: Good, tone: 'success' }
const warning: Look = { icon: Warning, tone: 'warning' }
const bad: Look = { icon: Bad, tone: 'error' }
const running: Look = { icon: Running, tone: 'info' }
const waiting: Look = { icon: Waiting, tone: 'ghost' }
const unknown: Look = { icon: Unknown, tone: 'ghost' }

const LOOKS: Record<string, Look> = {
  success: good,
  healthy: good,
  online: { icon: Present, tone: 'success' },
  warning,
  unreachable: warning,
  failed: bad,
  unhealthy: bad,
  error: bad,
  running,
  assigned: running,
  created: waiting,
  queued: waiting,
  cancelled: { icon: Cancelled, tone: 'ghost' },
  offline: { icon: Absent, tone: 'ghost' },
  disabled: { icon: Off, tone: 'ghost' },
  unknown,
  unseen: unknown,
  saved: good,
  empty: warning,
  ready: good,
  inTheWay: warning,
  on: good,
  off: { icon: Off, tone: 'ghost' },
  forbidden: { icon: Cancelled, tone: 'warning' },
  refused: bad,
  paused: { icon: Waiting, tone: 'warning' },
  critical: bad,
  info: { icon: Notice, tone: 'info' },
}
/** Icon and colour of a state; its word is the message `state.<name>`. */
export const lookOf = (state: string): Look => LOOKS[state] ?? unknown

const LIGHTS: Record<Light['state'], Look> = { ok: good, warning, bad, unknown: waiting, none: { icon: Off, tone: 'ghost' } }
export const lookOfLight = (state: Light['state']): Look => LIGHTS[state] ?? unknown
