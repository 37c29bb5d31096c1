// B4b: a list of fifty rows of one tenant, beside pgbench with the statements that the host sends for it.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withHost } from './host.mjs'
import { load } from './load.mjs'
import { median, report } from './report.mjs'
import { postgres } from './yardsticks.mjs'

const kPath = '/audit?limit=50'

/** The statements of the unit of work behind one answer that has a statement like `which`, as PostgreSQL saw them, with their values. */
export async function statementsOf(cluster, which, ask) {
  const admin = (sql) => execFileSync('psql', ['-q', '-h', cluster.folder, '-U', 'postgres', '-d', 'bench', '-c', sql])
  const log = join(cluster.folder, 'server.log')
  const logged = (value) => {
    admin(`ALTER SYSTEM SET log_statement = '${value}'`)
    admin('SELECT pg_reload_conf()')
    admin('SELECT pg_sleep(0.3)') // sessions take it at their next statement
  }
  logged('all')
  const before = readFileSync(log, 'utf8').length
  await ask()
  const text = readFileSync(log, 'utf8').slice(before)
  logged('none')
  const all = [...text.matchAll(/^\S+ \S+ \S+ \[(\d+)\] LOG: {2}execute [^:]+: (.*)\n(?:\S+ \S+ \S+ \[\d+\] DETAIL: {2}parameters: (.*)\n)?/gm)].map(
    ([, session, sql, parameters]) => {
      const values = new Map([...(parameters ?? '').matchAll(/(\$\d+) = ('(?:[^']|'')*'|NULL)/g)].map(([, name, value]) => [name, value]))
      return { session, sql: sql.replace(/\$\d+/g, (name) => values.get(name)) }
    },
  )
  const list = all.findIndex(({ sql }) => which.test(sql))
  if (list < 0) throw new Error(`it is not among:\n${text}`)
  const own = all.filter(({ session }) => session === all[list].session)
  const at = own.indexOf(all[list])
  const from = own.slice(0, at).findLastIndex(({ sql }) => sql.startsWith('BEGIN'))
  const to = own.findIndex(({ sql }, i) => i > at && sql.startsWith('COMMIT'))
  return own.slice(from, to + 1).map(({ sql }) => `${sql};`)
}

export async function list() {
  const cluster = postgres()
  try {
    await withHost({ AE_DATABASE_URL: cluster.url }, async (system) => {
      for (let i = 0; i < 60; ++i) await system.call('POST', '/tokens', { name: `token-${i}`, role: 'viewer' })
      if ((await system.call('GET', kPath)).items.length !== 50) throw new Error('the list is not of fifty rows')
      execFileSync('psql', ['-q', '-h', cluster.folder, '-U', 'ae_host', '-d', 'bench', '-c', 'ANALYZE audit_log'])
      const statements = await statementsOf(cluster, /FROM audit_log .* LIMIT/, () => system.call('GET', kPath))
      const scripts = { apart: statements, together: ['\\startpipeline', ...statements, '\\endpipeline'] }
      const pgbench = (name) => {
        const file = join(system.folder, `${name}.sql`)
        writeFileSync(file, `${scripts[name].join('\n')}\n`)
        const out = execFileSync('pgbench', ['-n', '-M', 'prepared', '-c', '8', '-j', '1', '-T', '3', '-f', file, '-h', cluster.folder, '-U', 'ae_host', 'bench'], { encoding: 'utf8' })
        return Number(/tps = ([\d.]+)/.exec(out)[1])
      }
      const runs = { ours: [], apart: [], together: [] }
      for (let i = 0; i <= 5; ++i) {
        const ours = load(`${system.url}/api/v1${kPath}`, system.token, 3, 32)
        const [apart, together] = [pgbench('apart'), pgbench('together')]
        if (i === 0) continue // warms up
        runs.ours.push(ours)
        runs.apart.push(apart)
        runs.together.push(together)
      }
      const against = (name) => median(runs.ours.map(({ rate }, i) => rate / runs[name][i]))
      const of = (figure) => median(runs.ours.map((run) => run[figure]))
      report('list of 50 rows on PostgreSQL / pgbench with the same statements', against('apart'), 'x', '>= 0.35', {
        requests: runs.ours.reduce((sum, run) => sum + run.requests, 0),
        ours_per_second: of('rate'),
        p50_ms: of('p50'),
        p99_ms: of('p99'),
        pgbench_per_second: median(runs.apart),
        pgbench_in_one_round_trip_per_second: median(runs.together),
        against_one_round_trip: against('together'),
        statements,
      })
    })
  } finally {
    cluster.stop()
  }
}
