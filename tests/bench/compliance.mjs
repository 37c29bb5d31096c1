// What it costs to say of ten thousand targets whether policies are kept, and to write down how the day was.
import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../support/system.mjs'
import { hostPid, withHost } from './host.mjs'
import { cpu } from './process.mjs'
import { median, report } from './report.mjs'
import { postgres } from './yardsticks.mjs'

const kTargets = 10000
const kInterval = 10

export async function compliance() {
  const cluster = postgres()
  const psql = (sql) => execFileSync('psql', ['-q', '-t', '-v', 'ON_ERROR_STOP=1', '-h', cluster.folder, '-U', 'postgres', '-d', 'bench', '-c', `SET ROLE ae_system; ${sql}`], { encoding: 'utf8' })
  try {
    await withHost({ AE_DATABASE_URL: cluster.url, AE_RESTIC_POLICIES_EVALUATION_INTERVAL: `${kInterval}s` }, async (system) => {
      const repository = await system.call('POST', '/restic/repositories', { name: 'one', type: 'rest', url: 'rest:https://backup.example.com/one/', password: 'bench' })
      await system.call('POST', '/restic/policies', { name: 'nightly', schedule: '0 2 * * *', include_paths: ['/etc'], repository_id: repository.id })
      // One of ten is late, of one of a hundred the last backup failed.
      psql(`INSERT INTO restic_targets (id, tenant_id, name, mode, repository_id, policy_id, snapshot_count, latest_snapshot_id, latest_snapshot_at_us, last_run_status, created_at_us, updated_at_us)
          SELECT gen_random_uuid(), p.tenant_id, 'target-' || n, 'agent', p.repository_id, p.id, 20, repeat('a', 64),
            (extract(epoch FROM now()) - CASE WHEN n % 10 = 0 THEN 900000 ELSE 3600 END) * 1000000, CASE WHEN n % 100 = 0 THEN 'failed' ELSE 'success' END, 1, 1
          FROM restic_policies p, generate_series(1, ${kTargets}) n;
        INSERT INTO restic_target_evidence (tenant_id, target_id, light, since_us, good_at_us)
          SELECT tenant_id, id, 'retention', 1, extract(epoch FROM now()) * 1000000 FROM restic_targets;
        ANALYZE restic_targets; ANALYZE restic_target_evidence;`)
      const days = () => Number(psql('SELECT count(*) FROM restic_compliance_days'))
      await until('a first evaluation', async () => days() === kTargets, 300)
      const found = (await system.call('GET', '/restic/compliance')).items
      if (found.length !== kTargets || found.filter((one) => !one.compliant).length !== kTargets / 10) throw new Error('it is not what was made')

      const asked = []
      for (let i = 0; i < 5; ++i) {
        const before = cpu(hostPid(system)).own
        await system.call('GET', '/restic/compliance')
        asked.push(cpu(hostPid(system)).own - before)
      }
      report(`CPU of the host for the compliance of ${kTargets} targets, asked`, median(asked), 's', '<= 1', { asked })
      const evaluated = []
      for (let i = 0; i < 3; ++i) {
        const before = cpu(hostPid(system)).own
        await sleep(kInterval * 1000) // in which it is evaluated once, and everything else goes on
        evaluated.push(cpu(hostPid(system)).own - before)
      }
      report(`CPU of the host for an evaluation of ${kTargets} targets`, median(evaluated), 's', '<= 1', { evaluated })
    })
  } finally {
    cluster.stop()
  }
}
