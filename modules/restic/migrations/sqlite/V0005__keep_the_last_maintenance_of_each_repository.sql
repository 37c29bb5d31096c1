-- The last task of each kind on each repository, so that its page never reads the history.
CREATE TABLE restic_repository_maintenance (
    tenant_id TEXT NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    repository_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    task_id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    status TEXT NOT NULL,
    message TEXT,
    result TEXT,
    ended_at_us INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, repository_id, kind),
    FOREIGN KEY (tenant_id, repository_id) REFERENCES restic_repositories (tenant_id, id)
);

-- A snapshot that was removed stays known, and leaves the lists.
ALTER TABLE restic_snapshots ADD COLUMN removed_at_us INTEGER;

-- The queue of a repository asks for these two at each hand-out.
CREATE INDEX idx_tasks_held_repository ON restic_tasks (tenant_id, repository_id)
    WHERE status IN ('assigned', 'running', 'unreachable');
CREATE INDEX idx_tasks_waiting_alone ON restic_tasks (tenant_id, repository_id, priority DESC, id)
    WHERE status = 'queued' AND type IN ('init', 'check', 'forget', 'prune');
