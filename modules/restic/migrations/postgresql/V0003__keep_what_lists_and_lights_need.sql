-- The place of a repository (its kind, its machine where it is on a disk, its address) keeps the mark that it
-- once worked: whoever names the place again, by whatever row, never creates a repository there by itself.
CREATE TABLE restic_repository_places (
    tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    place text NOT NULL,
    first_success_at_us bigint NOT NULL,
    PRIMARY KEY (tenant_id, place)
);
ALTER TABLE restic_repository_places ENABLE ROW LEVEL SECURITY;
ALTER TABLE restic_repository_places FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON restic_repository_places TO ae_app
    USING (tenant_id = NULLIF(current_setting('app.current_tenant', true), '')::uuid)
    WITH CHECK (tenant_id = NULLIF(current_setting('app.current_tenant', true), '')::uuid);
CREATE POLICY system_access ON restic_repository_places TO ae_system USING (true) WITH CHECK (true);
-- Row security holds the owner as well.
SET LOCAL ROLE ae_system;
-- One spelling for one path.
UPDATE restic_repositories SET url = rtrim(replace(replace(url, '/./', '/'), '//', '/'), '/')
    WHERE type = 'local' AND url <> '/';
INSERT INTO restic_repository_places (tenant_id, place, first_success_at_us)
SELECT tenant_id, place, min(first_success_at_us) FROM (
    SELECT r.tenant_id, r.type || ':' || r.agent_id::text || ':' || r.url AS place, r.first_success_at_us
    FROM restic_repositories r WHERE r.first_success_at_us IS NOT NULL AND r.agent_id IS NOT NULL
    UNION ALL
    SELECT r.tenant_id, r.type || ':' || k.agent_id::text || ':' || r.url, r.first_success_at_us
    FROM restic_repositories r JOIN restic_tasks k ON k.tenant_id = r.tenant_id AND k.repository_id = r.id
    WHERE r.first_success_at_us IS NOT NULL AND r.agent_id IS NULL AND k.status IN ('success', 'warning')
) marked GROUP BY tenant_id, place;
RESET ROLE;
ALTER TABLE restic_repositories DROP COLUMN first_success_at_us;

-- What a target's line on the page needs is kept beside the target when a run ends or a snapshot is found, so
-- that asking for it never reads the history.
ALTER TABLE restic_targets ADD COLUMN last_run_id uuid;
ALTER TABLE restic_targets ADD COLUMN last_run_status text;
ALTER TABLE restic_targets ADD COLUMN last_run_message text;
ALTER TABLE restic_targets ADD COLUMN last_run_started_at_us bigint;
ALTER TABLE restic_targets ADD COLUMN last_run_ended_at_us bigint;
ALTER TABLE restic_targets ADD COLUMN last_run_files bigint;
ALTER TABLE restic_targets ADD COLUMN last_run_unread_count bigint NOT NULL DEFAULT 0;
ALTER TABLE restic_targets ADD COLUMN snapshot_count bigint NOT NULL DEFAULT 0;
ALTER TABLE restic_targets ADD COLUMN latest_snapshot_id text;
ALTER TABLE restic_targets ADD COLUMN latest_snapshot_at_us bigint;
-- Row security holds the owner as well.
SET LOCAL ROLE ae_system;
UPDATE restic_targets SET
    last_run_id = (SELECT r.id FROM restic_backup_runs r WHERE r.tenant_id = restic_targets.tenant_id AND
        r.target_id = restic_targets.id AND r.status IN ('success', 'warning', 'failed', 'cancelled')
        ORDER BY r.start_time_us DESC LIMIT 1),
    snapshot_count = (SELECT count(*) FROM restic_snapshots s WHERE s.tenant_id = restic_targets.tenant_id AND
        s.target_id = restic_targets.id),
    latest_snapshot_id = (SELECT s.snapshot_id FROM restic_snapshots s WHERE s.tenant_id = restic_targets.tenant_id
        AND s.target_id = restic_targets.id ORDER BY s.created_at_us DESC LIMIT 1),
    latest_snapshot_at_us = (SELECT LEAST(s.time_us, s.created_at_us) FROM restic_snapshots s
        WHERE s.tenant_id = restic_targets.tenant_id AND s.target_id = restic_targets.id
        ORDER BY s.created_at_us DESC LIMIT 1);
UPDATE restic_targets SET
    last_run_status = (SELECT r.status FROM restic_backup_runs r WHERE r.id = restic_targets.last_run_id),
    last_run_message = (SELECT r.error_message FROM restic_backup_runs r WHERE r.id = restic_targets.last_run_id),
    last_run_started_at_us = (SELECT r.start_time_us FROM restic_backup_runs r WHERE r.id = restic_targets.last_run_id),
    last_run_ended_at_us = (SELECT r.end_time_us FROM restic_backup_runs r WHERE r.id = restic_targets.last_run_id),
    last_run_files = (SELECT r.total_files_processed FROM restic_backup_runs r WHERE r.id = restic_targets.last_run_id),
    last_run_unread_count = COALESCE((SELECT r.unread_count FROM restic_backup_runs r
        WHERE r.id = restic_targets.last_run_id), 0)
WHERE last_run_id IS NOT NULL;
RESET ROLE;

-- Why a slot of a schedule made no task.
ALTER TABLE restic_agent_policy_links ADD COLUMN skipped_slot_us bigint;
ALTER TABLE restic_agent_policy_links ADD COLUMN skipped_at_us bigint;
ALTER TABLE restic_agent_policy_links ADD COLUMN skip_reason text;

-- A hand-out that the agent never saw is repeated.
ALTER TABLE restic_tasks ADD COLUMN hand_out_again boolean NOT NULL DEFAULT false;

ALTER TABLE restic_snapshots ADD COLUMN policy_id uuid;
-- Row security holds the owner as well.
SET LOCAL ROLE ae_system;
UPDATE restic_snapshots SET policy_id = (SELECT r.policy_id FROM restic_backup_runs r
    WHERE r.tenant_id = restic_snapshots.tenant_id AND r.id = restic_snapshots.backup_run_id);
RESET ROLE;

-- Each list has an index in its own order for each of its filters; each queue one that holds only what waits.
CREATE INDEX idx_agents_listed ON restic_agents (tenant_id, created_at_us DESC, id DESC) WHERE revoked_at_us IS NULL;
CREATE INDEX idx_agents_status ON restic_agents (tenant_id, status, created_at_us DESC, id DESC) WHERE revoked_at_us IS NULL;
CREATE INDEX idx_agents_unreported ON restic_agents (last_seen_at_us)
    WHERE revoked_at_us IS NULL AND status = 'offline' AND offline_reported_at_us IS NULL;
CREATE INDEX idx_policies_listed ON restic_policies (tenant_id, created_at_us DESC, id DESC) WHERE archived_at_us IS NULL;
CREATE INDEX idx_policies_enabled ON restic_policies (tenant_id, enabled, created_at_us DESC, id DESC)
    WHERE archived_at_us IS NULL;
CREATE INDEX idx_policies_repository ON restic_policies (tenant_id, repository_id) WHERE archived_at_us IS NULL;
CREATE INDEX idx_repositories_listed ON restic_repositories (tenant_id, created_at_us DESC, id DESC)
    WHERE archived_at_us IS NULL;
CREATE INDEX idx_repositories_place ON restic_repositories (tenant_id, url) WHERE archived_at_us IS NULL;
CREATE INDEX idx_targets_policy ON restic_targets (tenant_id, policy_id);
CREATE INDEX idx_targets_repository ON restic_targets (tenant_id, repository_id);
CREATE INDEX idx_targets_agent ON restic_targets (tenant_id, agent_id);
CREATE INDEX idx_tasks_agent ON restic_tasks (tenant_id, agent_id, created_at_us DESC, id DESC);
CREATE INDEX idx_tasks_policy ON restic_tasks (tenant_id, policy_id, created_at_us DESC, id DESC);
CREATE INDEX idx_tasks_status ON restic_tasks (tenant_id, status, created_at_us DESC, id DESC);
CREATE INDEX idx_tasks_type ON restic_tasks (tenant_id, type, created_at_us DESC, id DESC);
CREATE INDEX idx_tasks_open_policy ON restic_tasks (tenant_id, policy_id)
    WHERE status IN ('created', 'queued', 'assigned', 'running', 'unreachable');
CREATE INDEX idx_tasks_open_target ON restic_tasks (tenant_id, target_id)
    WHERE status IN ('created', 'queued', 'assigned', 'running', 'unreachable');
CREATE INDEX idx_tasks_open_repository ON restic_tasks (tenant_id, repository_id)
    WHERE status IN ('created', 'queued', 'assigned', 'running', 'unreachable');
CREATE INDEX idx_tasks_overdue ON restic_tasks (lease_until_us) WHERE status = 'unreachable';
CREATE INDEX idx_tasks_due ON restic_tasks (not_before_us) WHERE status = 'queued' AND not_before_us IS NOT NULL;
DROP INDEX idx_backup_runs_target;
DROP INDEX idx_backup_runs_policy;
CREATE INDEX idx_backup_runs_target ON restic_backup_runs (tenant_id, target_id, created_at_us DESC, id DESC);
CREATE INDEX idx_backup_runs_policy ON restic_backup_runs (tenant_id, policy_id, created_at_us DESC, id DESC);
CREATE INDEX idx_backup_runs_agent ON restic_backup_runs (tenant_id, agent_id, created_at_us DESC, id DESC);
CREATE INDEX idx_backup_runs_status ON restic_backup_runs (tenant_id, status, created_at_us DESC, id DESC);
DROP INDEX idx_snapshots_target;
CREATE INDEX idx_snapshots_target ON restic_snapshots (tenant_id, target_id, time_us DESC, id DESC);
CREATE INDEX idx_snapshots_policy ON restic_snapshots (tenant_id, policy_id, time_us DESC, id DESC);
CREATE INDEX idx_snapshots_repository ON restic_snapshots (tenant_id, repository_id, time_us DESC, id DESC);
CREATE INDEX idx_snapshots_run ON restic_snapshots (tenant_id, backup_run_id, time_us DESC, id DESC);
