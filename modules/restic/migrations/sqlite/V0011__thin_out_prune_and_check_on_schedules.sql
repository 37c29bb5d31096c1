-- What cares for a repository by itself, and who does it.
ALTER TABLE restic_repositories DROP COLUMN maintenance;
ALTER TABLE restic_repositories ADD COLUMN maintenance_agent_id TEXT;
ALTER TABLE restic_repositories ADD COLUMN append_only INTEGER NOT NULL DEFAULT 0;
ALTER TABLE restic_repositories ADD COLUMN maintenance_timezone TEXT NOT NULL DEFAULT 'UTC';
ALTER TABLE restic_repositories ADD COLUMN check_subset TEXT NOT NULL DEFAULT '1/12';

-- One row for each operation that has a schedule. The slot that was taken last is never taken again; the part is the one of the
-- data that the next check reads.
CREATE TABLE restic_repository_schedules (
    tenant_id TEXT NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    repository_id TEXT NOT NULL,
    operation TEXT NOT NULL CHECK (operation IN ('forget', 'prune', 'check')),
    schedule TEXT NOT NULL,
    next_run_at_us INTEGER,
    last_slot_us INTEGER,
    next_part INTEGER NOT NULL DEFAULT 1,
    problem TEXT,
    problem_slot_us INTEGER,
    PRIMARY KEY (tenant_id, repository_id, operation),
    FOREIGN KEY (tenant_id, repository_id) REFERENCES restic_repositories (tenant_id, id)
);
-- Whoever looks for what is due reads that and nothing else.
CREATE INDEX idx_repository_schedules_due ON restic_repository_schedules (next_run_at_us) WHERE next_run_at_us IS NOT NULL;

-- One task waits for each policy and agent; of those that remove, one for each target, whose machine need not be the agent's.
DROP INDEX idx_tasks_pending;
CREATE UNIQUE INDEX idx_tasks_pending ON restic_tasks (tenant_id, policy_id, agent_id, type)
    WHERE status IN ('created', 'queued') AND policy_id IS NOT NULL AND attempt = 1 AND type NOT IN ('forget', 'prune');
CREATE UNIQUE INDEX idx_tasks_pending_removal ON restic_tasks (tenant_id, policy_id, agent_id, type, (COALESCE(target_id, policy_id)))
    WHERE status IN ('created', 'queued') AND policy_id IS NOT NULL AND attempt = 1 AND type IN ('forget', 'prune');

-- Why nothing is removed of what the target's policy saved there; and what its next run is held against.
ALTER TABLE restic_targets ADD COLUMN retention_held TEXT;
ALTER TABLE restic_targets ADD COLUMN known_unread INTEGER NOT NULL DEFAULT 0;

-- Repositories of before are checked, and nothing is removed from them until somebody says so. The first look plans the time.
INSERT INTO restic_repository_schedules (tenant_id, repository_id, operation, schedule)
    SELECT tenant_id, id, 'check', '0 9 * * 6' FROM restic_repositories WHERE archived_at_us IS NULL;
UPDATE restic_targets SET known_unread = COALESCE(last_run_unread_count, 0);
UPDATE restic_targets SET retention_held = COALESCE(NULLIF(last_run_message, ''), 'The last backup failed.')
    WHERE last_run_status = 'failed' OR (last_run_status = 'warning' AND NOT
        (COALESCE(last_run_unread_count, 0) > 0 AND COALESCE(last_run_files, 0) > 0));
