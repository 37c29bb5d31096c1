import { ClientError } from './errors'
import { answerOf, makeClient, send, versionedAnswerOf } from './http'
import type { components, operations } from './schema'
import { refresh, token } from './session'

type Schemas = components['schemas']
export type Agent = Schemas['Agent']
export type AgentUpdate = Schemas['AgentUpdate']
export type AgentPlugins = Schemas['PluginsOfAgent']
export type Plugin = Schemas['PluginDescription']
export type PluginInput = Schemas['PluginInput']
export type PluginTestInput = Schemas['PluginTestInput']
export type PluginTestResult = Schemas['PluginTestResult']
export type PluginUse = Schemas['PluginUse']
export type SchedulePreview = Schemas['SchedulePreview']
export type DumpOfAgent = Schemas['DumpOfAgent']
export type DumpResult = Schemas['DumpResult']
export type RestoreInput = Schemas['RestoreInput']
export type VerifyInput = Schemas['VerifyInput']
export type RestoreDumpResult = Schemas['RestoreDumpResult']
export type RestoreResult = Schemas['RestoreResult']
export type VerifyResult = Schemas['VerifyResult']
export type VerifyDumpResult = Schemas['VerifyDumpResult']
export type PreviewForgetResult = Schemas['PreviewForgetResult']
export type RetentionRules = Schemas['RetentionRules']
export type Policy = Schemas['Policy']
export type PolicyInput = Schemas['PolicyInput']
export type PolicyOptions = Schemas['PolicyOptions']
export type OptionsInput = Schemas['OptionsInput']
export type SkippedSlots = Schemas['SkippedSlots']
export type PolicyVersion = Schemas['PolicyVersion']
export type BlackoutWindow = Schemas['BlackoutWindow']
export type EffectiveOptions = Schemas['EffectiveOptions']
export type Repository = Schemas['Repository']
export type RepositoryInput = Schemas['RepositoryInput']
export type Run = Schemas['BackupRun']
export type Snapshot = Schemas['Snapshot']
export type SnapshotFolder = Schemas['SnapshotFilesPage']
export type SnapshotEntry = Schemas['LsEntry']
export type FindInput = Schemas['FindInput']
export type FoundItem = Schemas['FoundItem']
export type FindResult = Schemas['FindResult']
export type TagInput = Schemas['TagInput']
export type DiffItem = Schemas['DiffItem']
export type DiffResult = Schemas['DiffResult']
export type Task = Schemas['Task']
export type TaskInput = Schemas['TaskInput']
export type TaskFailure = Schemas['TaskFailure']
export type Maintenance = Schemas['Maintenance']
export type MaintenanceInput = Schemas['MaintenanceInput']
export type MaintenanceKind = Maintenance['kind']
export type Locks = Schemas['Locks']
export type RecoveryKit = Schemas['RecoveryKit']
export type RepositorySizes = Schemas['RepositorySizes']
export type TargetStatus = Schemas['TargetStatus']
export type Target = Schemas['Target']
export type TargetInput = Schemas['TargetInput']
export type TargetProbe = Schemas['TargetProbe']
export type HealthCheck = Schemas['HealthCheck']
export type Light = Schemas['Light']
export type Compliance = Schemas['Compliance']
export type ComplianceDay = Schemas['ComplianceDay']
export type PolicyViolation = Schemas['PolicyViolation']
export type System = Schemas['System']
export type LogLine = Schemas['LogLine']
export type RegistrationToken = Schemas['RegistrationToken']
export type OpenRegistrationToken = Schemas['OpenRegistrationToken']
export type Member = Schemas['User']
export type Invitation = Schemas['Invitation']
export type ApiToken = Schemas['ApiToken']
export type ModulePage = Schemas['ModulePage']

export type Page<T> = { items: T[]; next?: string | null }

/**
 * `fetch` with the session: a token that has ended is renewed and the request sent once more. Throws ClientError for the
 * network and for a session that has ended, and what `fetch` threw for an aborted request.
 */
export async function sessionFetch(request: Request): Promise<Response> {
  const attempt = async (): Promise<Response> => {
    const sent = request.clone()
    sent.headers.set('Authorization', `Bearer ${await token()}`)
    return send(sent)
  }
  const first = await attempt()
  const response = first.status === 401 && (await refresh()) ? await attempt() : first
  if (response.status === 401) throw new ClientError('Unauthorized')
  return response
}

const host = makeClient(sessionFetch)

/** Everything of a list, page by page. */
export async function all<T>(page: (after?: string | null) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = []
  let after: string | null | undefined = null
  do {
    const next: Page<T> = await page(after)
    items.push(...next.items)
    after = next.next
  } while (after)
  return items
}

const at = <P extends object>(path: P) => ({ params: { path } })
const where = <Q extends object>(query: Q) => ({ params: { query } })
type Cursor = string | null
export type SnapshotFilter = Omit<NonNullable<operations['getApiV1ResticSnapshots']['parameters']['query']>, 'limit' | 'after'>
type RunFilter = NonNullable<operations['getApiV1ResticBackupRuns']['parameters']['query']>

/** An answer that is a text, and no JSON. */
const textOf = async (call: Promise<{ data?: unknown; response: Response }>): Promise<string> => String(await answerOf(call))

const startTask = (body: TaskInput) => answerOf(host.POST('/api/v1/restic/tasks', { body }))

/** What the page asks of the host. */
export const api = {
  users: (after?: Cursor) => answerOf(host.GET('/api/v1/users', where({ limit: 100, after }))),
  invite: (email: string, role: Member['role']) => answerOf(host.POST('/api/v1/users', { body: { email, role } })),
  changeUser: (id: string, body: Schemas['UserChange']) => answerOf(host.PUT('/api/v1/users/{id}', { ...at({ id }), body })),
  confirmUser: (id: string) => answerOf(host.POST('/api/v1/users/{id}/confirm', at({ id }))),
  removeUser: (id: string) => answerOf(host.DELETE('/api/v1/users/{id}', at({ id }))),
  invitations: (after?: Cursor) => answerOf(host.GET('/api/v1/invitations', where({ limit: 100, after }))),
  withdraw: (id: string) => answerOf(host.DELETE('/api/v1/invitations/{id}', at({ id }))),
  tokens: (after?: Cursor) => answerOf(host.GET('/api/v1/tokens', where({ limit: 100, after }))),
  revokeToken: (id: string) => answerOf(host.DELETE('/api/v1/tokens/{id}', at({ id }))),
  changePassword: (current: string, wanted: string) => answerOf(host.POST('/api/v1/auth/password', { body: { current, new: wanted } })),
  pages: () => answerOf(host.GET('/api/v1/pages')),
  system: () => answerOf(host.GET('/api/v1/system')),
  status: () => answerOf(host.GET('/api/v1/restic/status')),
  statusOf: (name: string) => answerOf(host.GET('/api/v1/restic/status/{name}', at({ name }))),
  compliance: () => answerOf(host.GET('/api/v1/restic/compliance')),
  complianceTable: () => textOf(host.GET('/api/v1/restic/compliance/table', { parseAs: 'text' })),
  complianceDays: (days: number, target?: string) => answerOf(host.GET('/api/v1/restic/compliance/days', where({ days, target_id: target }))),
  complianceReport: (month: string, language: 'de' | 'en') => textOf(host.GET('/api/v1/restic/compliance/report', { ...where({ month, language }), parseAs: 'text' })),
  lookAt: (name: string) => answerOf(host.POST('/api/v1/restic/status/{name}/refresh', at({ name }))),
  target: (id: string) => versionedAnswerOf(host.GET('/api/v1/restic/targets/{id}', at({ id }))),
  createTarget: (body: TargetInput) => answerOf(host.POST('/api/v1/restic/targets', { body })),
  /** `version`: as it was when it was shown. */
  changeTarget: (id: string, version: string, body: TargetInput) =>
    answerOf(host.PUT('/api/v1/restic/targets/{id}', { params: { path: { id }, header: { 'If-Match': version } }, body })),
  removeTarget: (id: string) => answerOf(host.DELETE('/api/v1/restic/targets/{id}', at({ id }))),
  healthChecks: (id: string, limit: number, after?: Cursor) => answerOf(host.GET('/api/v1/restic/targets/{id}/health-checks', { params: { path: { id }, query: { limit, after } } })),
  agents: (limit: number, after?: Cursor) => answerOf(host.GET('/api/v1/restic/agents', where({ limit, after }))),
  agent: (id: string) => answerOf(host.GET('/api/v1/restic/agents/{id}', at({ id }))),
  changeAgent: (id: string, body: AgentUpdate) => answerOf(host.PUT('/api/v1/restic/agents/{id}', { ...at({ id }), body })),
  plugins: (agent: string) => answerOf(host.GET('/api/v1/restic/agents/{id}/plugins', at({ id: agent }))),
  setUpPlugin: (agent: string, name: string, body: PluginInput) => answerOf(host.PUT('/api/v1/restic/agents/{id}/plugins/{name}', { ...at({ id: agent, name }), body })),
  testPlugin: (agent: string, name: string, body: PluginTestInput) => answerOf(host.POST('/api/v1/restic/agents/{id}/plugins/{name}/test', { ...at({ id: agent, name }), body })),
  dumps: (agent: string) => answerOf(host.GET('/api/v1/restic/agents/{id}/dumps', at({ id: agent }))),
  snapshot: (id: string) => answerOf(host.GET('/api/v1/restic/snapshots/{id}', at({ id }))),
  snapshots: (filter: SnapshotFilter, limit: number, after?: Cursor) => answerOf(host.GET('/api/v1/restic/snapshots', where({ ...filter, limit, after }))),
  /** What is known of a folder of a snapshot; `listFolder` has it listed. */
  folder: (snapshot: string, path: string, limit: number, after?: Cursor) => answerOf(host.GET('/api/v1/restic/snapshots/{id}/files', { params: { path: { id: snapshot }, query: { path, limit, after } } })),
  listFolder: (snapshot: string, path: string) => answerOf(host.POST('/api/v1/restic/snapshots/{id}/files', { ...at({ id: snapshot }), body: { path } })),
  find: (repository: string, body: FindInput) => answerOf(host.POST('/api/v1/restic/repositories/{id}/find', { ...at({ id: repository }), body })),
  /** What is in `b` and was not in `a` is added. */
  diff: (a: string, b: string) => answerOf(host.POST('/api/v1/restic/snapshots/{a}/diff/{b}', { ...at({ a, b }), body: {} })),
  tagSnapshot: (id: string, body: TagInput) => answerOf(host.POST('/api/v1/restic/snapshots/{id}/tags', { ...at({ id }), body })),
  /** `confirm`: its short id. */
  forgetSnapshot: (id: string, confirm: string) => answerOf(host.POST('/api/v1/restic/snapshots/{id}/forget', { ...at({ id }), body: { confirm } })),
  taskItems: (id: string, limit: number, after?: Cursor) => answerOf(host.GET('/api/v1/restic/tasks/{id}/result', { params: { path: { id }, query: { limit, after } } })),
  targetSnapshots: (target: string, limit: number, after?: Cursor) => answerOf(host.GET('/api/v1/restic/snapshots', where({ target_id: target, limit, after }))),
  restore: (snapshot: string, body: RestoreInput) => answerOf(host.POST('/api/v1/restic/snapshots/{id}/restore', { ...at({ id: snapshot }), body })),
  verifyFiles: (snapshot: string, share: number) => answerOf(host.POST('/api/v1/restic/snapshots/{id}/verify', { ...at({ id: snapshot }), body: { share_percent: share } })),
  verifyDump: (snapshot: string, body: VerifyInput) => answerOf(host.POST('/api/v1/restic/snapshots/{id}/verify', { ...at({ id: snapshot }), body })),
  registrationTokens: (after?: Cursor) => answerOf(host.GET('/api/v1/restic/agents/registration-tokens', where({ limit: 100, after }))),
  revokeRegistrationToken: (id: string) => answerOf(host.DELETE('/api/v1/restic/agents/registration-tokens/{id}', at({ id }))),
  registrationToken: () => answerOf(host.POST('/api/v1/restic/agents/registration-tokens', { body: {} })),
  policies: (limit: number, after?: Cursor) => answerOf(host.GET('/api/v1/restic/policies', where({ limit, after }))),
  createPolicy: (body: PolicyInput) => answerOf(host.POST('/api/v1/restic/policies', { body })),
  policy: (id: string) => versionedAnswerOf(host.GET('/api/v1/restic/policies/{id}', at({ id }))),
  /** `version`: as it was when it was shown; the host refuses to overwrite what somebody changed since. */
  changePolicy: (id: string, version: string, body: PolicyInput) =>
    answerOf(host.PUT('/api/v1/restic/policies/{id}', { params: { path: { id }, header: { 'If-Match': version } }, body })),
  policyVersions: (id: string) => answerOf(host.GET('/api/v1/restic/policies/{id}/versions', at({ id }))),
  skippedSlots: (policy: string) => answerOf(host.GET('/api/v1/restic/policies/{id}/skipped-slots', at({ id: policy }))),
  optionsFor: (agent: string, policy: string) => versionedAnswerOf(host.GET('/api/v1/restic/agents/{id}/policies/{policy_id}/options', at({ id: agent, policy_id: policy }))),
  changeOptionsFor: (agent: string, policy: string, version: string, body: OptionsInput) =>
    answerOf(host.PUT('/api/v1/restic/agents/{id}/policies/{policy_id}/options', { params: { path: { id: agent, policy_id: policy }, header: { 'If-Match': version } }, body })),
  policyDefaults: () => versionedAnswerOf(host.GET('/api/v1/restic/policy-defaults')),
  changePolicyDefaults: (version: string, body: OptionsInput) => answerOf(host.PUT('/api/v1/restic/policy-defaults', { params: { header: { 'If-Match': version } }, body })),
  preview: (schedule: string, timezone: string, blackout_windows: BlackoutWindow[] = []) => answerOf(host.POST('/api/v1/restic/policies/preview', { body: { schedule, timezone, blackout_windows, count: 3 } })),
  link: (agent: string, policy: string) => answerOf(host.PUT('/api/v1/restic/agents/{id}/policies/{policy_id}', at({ id: agent, policy_id: policy }))),
  unlink: (agent: string, policy: string) => answerOf(host.DELETE('/api/v1/restic/agents/{id}/policies/{policy_id}', at({ id: agent, policy_id: policy }))),
  adoptPolicy: (id: string) => answerOf(host.POST('/api/v1/restic/policies/{id}/adopt', at({ id }))),
  removePolicy: (id: string) => answerOf(host.DELETE('/api/v1/restic/policies/{id}', at({ id }))),
  repositories: (limit: number, after?: Cursor) => answerOf(host.GET('/api/v1/restic/repositories', where({ limit, after }))),
  repository: (id: string) => answerOf(host.GET('/api/v1/restic/repositories/{id}', at({ id }))),
  removeRepository: (id: string) => answerOf(host.DELETE('/api/v1/restic/repositories/{id}', at({ id }))),
  repositorySnapshots: (id: string, limit: number, after?: Cursor) => answerOf(host.GET('/api/v1/restic/repositories/{id}/snapshots', { params: { path: { id }, query: { limit, after } } })),
  locks: (id: string) => answerOf(host.GET('/api/v1/restic/repositories/{id}/locks', at({ id }))),
  recoveryKit: (id: string) => answerOf(host.GET('/api/v1/restic/repositories/{id}/recovery-kit', at({ id }))),
  sizes: (id: string) => answerOf(host.GET('/api/v1/restic/repositories/{id}/sizes', at({ id }))),
  unlock: (id: string) => answerOf(host.POST('/api/v1/restic/repositories/{id}/unlock', at({ id }))),
  testRepository: (id: string, agent?: string) => answerOf(host.POST('/api/v1/restic/repositories/{id}/test', { ...at({ id }), body: agent ? { agent_id: agent } : {} })),
  /** `changed`: the repository that would be changed so. */
  testUnsavedRepository: (body: RepositoryInput, changed?: string) => answerOf(host.POST('/api/v1/restic/repositories/test', { ...where(changed ? { repository_id: changed } : {}), body })),
  changeRepositoryPassword: (id: string, password: string) => answerOf(host.POST('/api/v1/restic/repositories/{id}/password', { ...at({ id }), body: { password } })),
  startAnew: (id: string, agent?: string) => answerOf(host.POST('/api/v1/restic/repositories/{id}/start-anew', { ...at({ id }), body: agent ? { agent_id: agent } : {} })),
  repositoryToChange: (id: string) => versionedAnswerOf(host.GET('/api/v1/restic/repositories/{id}', at({ id }))),
  /** `version`: as it was when it was shown; the host refuses to overwrite what somebody changed since. */
  changeRepository: (id: string, version: string, body: RepositoryInput) =>
    answerOf(host.PUT('/api/v1/restic/repositories/{id}', { params: { path: { id }, header: { 'If-Match': version } }, body })),
  createRepository: (body: RepositoryInput) => answerOf(host.POST('/api/v1/restic/repositories', { body })),
  backUp: (agent: string, policy: string) => startTask({ type: 'backup', agent_id: agent, policy_id: policy }),
  startTask,
  cancelTask: (id: string) => answerOf(host.DELETE('/api/v1/restic/tasks/{id}', at({ id }))),
  runs: (limit: number, after?: Cursor, filter: RunFilter = {}) => answerOf(host.GET('/api/v1/restic/backup-runs', where({ limit, after, ...filter }))),
  run: (id: string) => answerOf(host.GET('/api/v1/restic/backup-runs/{id}', at({ id }))),
  task: (id: string) => answerOf(host.GET('/api/v1/restic/tasks/{id}', at({ id }))),
  log: (id: string, after: number) => answerOf(host.GET('/api/v1/restic/tasks/{id}/logs', { params: { path: { id }, query: { after, limit: 5000 } } })),
  cancel: (id: string) => answerOf(host.POST('/api/v1/restic/backup-runs/{id}/cancel', at({ id }))),
  retry: (id: string) => answerOf(host.POST('/api/v1/restic/tasks/{id}/retry', at({ id }))),
}
