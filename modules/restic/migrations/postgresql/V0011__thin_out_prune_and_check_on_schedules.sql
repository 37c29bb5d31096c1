-- What cares for a repository by itself, and who does it.
ALTER TABLE restic_repositories DROP COLUMN maintenance;
ALTER TABLE restic_repositories ADD COLUMN maintenance_agent_id uuid;
ALTER TABLE restic_repositories ADD COLUMN append_only boolean NOT NULL DEFAULT FALSE;
ALTER TABLE restic_repositories ADD COLUMN maintenance_timezone text NOT NULL DEFAULT 'UTC';
ALTER TABLE restic_repositories ADD COLUMN check_subset text NOT NULL DEFAULT '1/12';

-- One row for each operation that has a schedule. The slot that was taken last is never taken again; the part is the one of the
-- data that the next check reads.
CREATE TABLE restic_repository_schedules (
    tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    repository_id uuid NOT NULL,
    operation text NOT NULL CHECK (operation IN ('forget', 'prune', 'check')),
    schedule text NOT NULL,
    next_run_at_us bigint,
    last_slot_us bigint,
    next_part integer NOT NULL DEFAULT 1,
    problem text,
    problem_slot_us bigint,
    PRIMARY KEY (tenant_id, repository_id, operation),
    FOREIGN KEY (tenant_id, repository_id) REFERENCES restic_repositories (tenant_id, id)
);
-- Whoever looks for what is due reads that and nothing else.
CREATE INDEX idx_repository_schedules_due ON restic_repository_schedules (next_run_at_us) WHERE next_run_at_us IS NOT NULL;
ALTER TABLE restic_repository_schedules ENABLE ROW LEVEL SECURITY;
ALTER TABLE restic_repository_schedules FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON restic_repository_schedules TO ae_app
    USING (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid));
CREATE POLICY system_access ON restic_repository_schedules TO ae_system USING (true) WITH CHECK (true);

-- One task waits for each policy and agent; of those that remove, one for each target, whose machine need not be the agent's.
DROP INDEX idx_tasks_pending;
CREATE UNIQUE INDEX idx_tasks_pending ON restic_tasks (tenant_id, policy_id, agent_id, type)
    WHERE status IN ('created', 'queued') AND policy_id IS NOT NULL AND attempt = 1 AND type NOT IN ('forget', 'prune');
CREATE UNIQUE INDEX idx_tasks_pending_removal ON restic_tasks (tenant_id, policy_id, agent_id, type, (COALESCE(target_id, policy_id)))
    WHERE status IN ('created', 'queued') AND policy_id IS NOT NULL AND attempt = 1 AND type IN ('forget', 'prune');

-- Why nothing is removed of what the target's policy saved there; and what its next run is held against.
ALTER TABLE restic_targets ADD COLUMN retention_held text;
ALTER TABLE restic_targets ADD COLUMN known_unread bigint NOT NULL DEFAULT 0;

-- Row security holds the owner as well.
SET LOCAL ROLE ae_system;
-- Repositories of before are checked, and nothing is removed from them until somebody says so. The first look plans the time.
INSERT INTO restic_repository_schedules (tenant_id, repository_id, operation, schedule)
    SELECT tenant_id, id, 'check', '0 9 * * 6' FROM restic_repositories WHERE archived_at_us IS NULL;
UPDATE restic_targets SET known_unread = COALESCE(last_run_unread_count, 0);
UPDATE restic_targets SET retention_held = COALESCE(NULLIF(last_run_message, ''), 'The last backup failed.')
    WHERE last_run_status = 'failed' OR (last_run_status = 'warning' AND NOT
        (COALESCE(last_run_unread_count, 0) > 0 AND COALESCE(last_run_files, 0) > 0));
RESET ROLE;
