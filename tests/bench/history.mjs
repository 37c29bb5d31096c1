// A long history, made by the database itself: as the module would have left it, in seconds.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** The host's database, with the words of its dialect. Statements run beside the host. */
export function openDatabase(system, cluster) {
  if (cluster) {
    const psql = (role, sql, more = []) =>
      execFileSync('psql', ['-q', '-X', '-v', 'ON_ERROR_STOP=1', '-h', cluster.folder, '-U', role, '-d', 'bench', ...more], { input: sql, encoding: 'utf8' })
    return {
      dialect: 'postgresql',
      run: (sql) => psql('postgres', sql),
      value: (sql) => psql('postgres', sql, ['-At']).trim(),
      /** How long a statement takes by itself, as the application's role, in ms. */
      time: (sql, tenant) => {
        const out = psql('ae_host', `BEGIN; SET LOCAL ROLE ae_app; SET LOCAL app.current_tenant = '${tenant}';\n\\timing on\n\\o /dev/null\n${sql};\n\\o\nROLLBACK;`)
        return Number(/Time: ([\d.]+) ms/.exec(out)[1])
      },
      close: () => {},
    }
  }
  const db = new DatabaseSync(join(system.folder, 'host/ae-backend.db'))
  db.exec('PRAGMA busy_timeout = 60000; PRAGMA synchronous = OFF')
  return {
    dialect: 'sqlite',
    run: (sql) => db.exec(sql),
    value: (sql) => Object.values(db.prepare(sql).get())[0],
    time: (sql) => {
      const began = performance.now()
      db.prepare(sql).all()
      return performance.now() - began
    },
    close: () => db.close(),
  }
}

/** How the dialect counts rows from `first` + 1 to `last` as s.i, makes an id of a kind and a number, and writes one. */
export function words({ dialect }) {
  const pg = dialect === 'postgresql'
  return {
    numbers: (first, last) =>
      pg ? `generate_series(${first + 1}::bigint, ${last}) AS s(i)` : `(WITH RECURSIVE c(i) AS (SELECT ${first + 1} UNION ALL SELECT i + 1 FROM c WHERE i < ${last}) SELECT i FROM c) s`,
    id: (kind, number = 's.i') =>
      pg
        ? `('0197' || lpad(to_hex((${number}) >> 16), 4, '0') || '-' || lpad(to_hex((${number}) & 65535), 4, '0') || '-7000-8000-${kind.padStart(12, '0')}')::uuid`
        : `'0197' || printf('%04x', (${number}) >> 16) || '-' || printf('%04x', (${number}) & 65535) || '-7000-8000-${kind.padStart(12, '0')}'`,
    quoted: (uuid) => `'${uuid}'${pg ? '::uuid' : ''}`,
  }
}

/** Adds agents, policies, links and targets up to `things`, tasks, runs, snapshots, logs and audit entries up to `events`. */
export function fill(db, tenant, repository, { things, events }, from = { things: 0, events: 0 }) {
  const pg = db.dialect === 'postgresql'
  const { numbers, id, quoted } = words(db)
  const t = quoted(tenant)
  const thing = `(s.i % ${things}) + 1`
  const hex = pg ? "lpad(to_hex(s.i), 64, '0')" : "printf('%064x', s.i)"
  const at = `(1760000000000000 + s.i * 1000000)`
  const things_ = numbers(from.things, things)
  const events_ = numbers(from.events, events)
  db.run(`
    INSERT INTO restic_agents (id, tenant_id, hostname, os, arch, version, status, last_seen_at_us, offline_reported_at_us, metadata, created_at_us, updated_at_us)
      SELECT ${id('1')}, ${t}, 'host-' || s.i, 'linux', 'amd64', '1', 'offline', 1, 1, '{}', ${at}, ${at} FROM ${things_};
    INSERT INTO restic_policies (id, tenant_id, name, schedule, include_paths, retention_rules, repository_id, created_at_us, updated_at_us)
      SELECT ${id('2')}, ${t}, 'policy-' || s.i, '0 2 * * *', '["/"]', '{"keep_last":1}', ${quoted(repository)}, ${at}, ${at} FROM ${things_};
    INSERT INTO restic_agent_policy_links (tenant_id, agent_id, policy_id, created_at_us, next_run_at_us)
      SELECT ${t}, ${id('1')}, ${id('2')}, ${at}, 4000000000000000 FROM ${things_};
    INSERT INTO restic_targets (id, tenant_id, name, mode, repository_id, agent_id, policy_id, created_at_us, updated_at_us, last_run_status, last_run_started_at_us, last_run_ended_at_us, snapshot_count, latest_snapshot_id, latest_snapshot_at_us)
      SELECT ${id('3')}, ${t}, 'target-' || s.i, 'agent', ${quoted(repository)}, ${id('1')}, ${id('2')}, ${at}, ${at}, 'success', ${at}, ${at}, 60, ${hex}, ${at} FROM ${things_};
    INSERT INTO restic_repositories (id, tenant_id, name, type, url, password_file, created_at_us, updated_at_us)
      SELECT ${id('6')}, ${t}, 'repository-' || s.i, 'local', '/srv/' || s.i, '/etc/password', ${at}, ${at} FROM ${things_};
    INSERT INTO restic_tasks (id, tenant_id, type, status, agent_id, policy_id, target_id, repository_id, slot_us, created_at_us, started_at_us, completed_at_us, updated_at_us)
      SELECT ${id('4')}, ${t}, 'backup', 'success', ${id('1', thing)}, ${id('2', thing)}, ${id('3', thing)}, ${quoted(repository)}, ${at}, ${at}, ${at}, ${at}, ${at} FROM ${events_};
    INSERT INTO restic_task_attempts (tenant_id, task_id, attempt, agent_id, assigned_at_us)
      SELECT ${t}, ${id('4')}, 1, ${id('1', thing)}, ${at} FROM ${events_};
    INSERT INTO restic_task_logs (tenant_id, task_id, attempt, first_seq, last_seq, lines, created_at_us)
      SELECT ${t}, ${id('4')}, 1, 1, 1, '[{"timestamp":"2026-01-01T00:00:00.000Z","level":"info","message":"done"}]', ${at} FROM ${events_};
    INSERT INTO restic_backup_runs (id, tenant_id, agent_id, policy_id, target_id, start_time_us, end_time_us, status, snapshot_id, created_at_us, updated_at_us)
      SELECT ${id('4')}, ${t}, ${id('1', thing)}, ${id('2', thing)}, ${id('3', thing)}, ${at}, ${at}, 'success', ${hex}, ${at}, ${at} FROM ${events_};
    INSERT INTO restic_snapshots (id, tenant_id, repository_id, target_id, policy_id, backup_run_id, snapshot_id, short_id, time_us, source, created_at_us)
      SELECT ${id('5')}, ${t}, ${quoted(repository)}, ${id('3', thing)}, ${id('2', thing)}, ${id('4')}, ${hex}, '00000000', ${at}, 'agent_report', ${at} FROM ${events_};
    INSERT INTO audit_log (id, tenant_id, at_us, actor_kind, actor_id, actor_name, address, request_id, action, object_type, object_id)
      SELECT ${id('7')}, ${t}, ${at}, 'user', 'nobody', 'nobody', '192.0.2.1', 'r', 'restic.thing.changed_' || (s.i % 20), 'task', 'x' FROM ${events_};
  `)
  if (pg) db.run('ANALYZE')
  const text = (kind, number) => db.value(`SELECT ${id(kind, String(number))}`)
  return { task: text('4', 1), agent: text('1', 1), policy: text('2', 1), target: 'target-1' }
}
