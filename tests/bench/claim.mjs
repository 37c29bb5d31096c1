// How long an agent waits for a task, however many wait for it and for others.
import { words } from './history.mjs'
import { median, report } from './report.mjs'
import { callAsAgent, installation, stop, timed } from './scale.mjs'

const kSmall = 1000
const kLarge = 100000
const kRounds = 51

/** So many waiting tasks on one repository: half of them the agent's own, the others those of a hundred agents. */
const waiting = (count) => (db, { tenant, repository, agent }) => {
  const { numbers, id, quoted } = words(db)
  const at = '(1760000000000000 + s.i)'
  const tasks = (kind, of, first, last) => `
    INSERT INTO restic_tasks (id, tenant_id, type, status, agent_id, repository_id, priority, parameters, created_at_us, updated_at_us)
      SELECT ${id(kind)}, ${quoted(tenant)}, 'backup', 'queued', ${of}, ${quoted(repository)}, s.i % 11, '{"sources":["/etc"]}', ${at}, ${at} FROM ${numbers(first, last)};`
  db.run(`
    INSERT INTO restic_agents (id, tenant_id, hostname, os, arch, version, status, last_seen_at_us, offline_reported_at_us, metadata, created_at_us, updated_at_us)
      SELECT ${id('1')}, ${quoted(tenant)}, 'host-' || s.i, 'linux', 'amd64', '1', 'offline', 1, 1, '{}', ${at}, ${at} FROM ${numbers(0, 100)};
    ${tasks('4', quoted(agent), 0, count / 2)}
    ${tasks('4', id('1', '(s.i % 100) + 1'), count / 2, count)}`)
  if (db.dialect === 'postgresql') db.run('ANALYZE')
}

/** Claims one task and ends it; how long each took. */
async function claimOne(place) {
  const { agentId } = place.agent
  let answer
  const claiming = await timed(async () => {
    answer = await callAsAgent(place, 'GET', `/agents/${agentId}/tasks?wait=0&free=1`)
  })
  if (answer.items.length !== 1) throw new Error(`not one task but ${answer.items.length}`)
  const { task_id: taskId, attempt } = answer.items[0].payload
  const error = { error: 'SourceNotFound', message: 'None of the sources exists.' }
  const ending = await timed(() => callAsAgent(place, 'POST', `/tasks/${taskId}/status`, { attempt, status: 'failed', error }))
  return { claiming, ending }
}

async function measure(dialect) {
  const small = await installation(dialect, waiting(kSmall))
  let large
  try {
    large = await installation(dialect, waiting(kLarge))
    const rounds = []
    for (let i = -5; i < kRounds; ++i) {
      const round = { small: await claimOne(small), large: await claimOne(large) }
      if (i >= 0) rounds.push(round) // the first ones warm up
    }
    for (const what of ['claiming', 'ending']) {
      const [one, other] = ['small', 'large'].map((size) => median(rounds.map((round) => round[size][what])))
      report(`${dialect}: ${what} a task where ${kLarge} wait / where ${kSmall} do`, other / one, 'x', '<= 1.3', { small_ms: one, large_ms: other })
    }
  } catch (error) {
    console.error((large ?? small).system.logs().slice(-4000))
    throw error
  } finally {
    await stop(small)
    if (large) await stop(large)
  }
}

export async function claim() {
  await measure('sqlite')
  await measure('postgresql')
}
