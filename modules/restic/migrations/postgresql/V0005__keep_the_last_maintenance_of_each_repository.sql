-- The last task of each kind on each repository, so that its page never reads the history.
CREATE TABLE restic_repository_maintenance (
    tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    repository_id uuid NOT NULL,
    kind text NOT NULL,
    task_id uuid NOT NULL,
    agent_id uuid NOT NULL,
    status text NOT NULL,
    message text,
    result jsonb,
    ended_at_us bigint NOT NULL,
    PRIMARY KEY (tenant_id, repository_id, kind),
    FOREIGN KEY (tenant_id, repository_id) REFERENCES restic_repositories (tenant_id, id)
);
ALTER TABLE restic_repository_maintenance ENABLE ROW LEVEL SECURITY;
ALTER TABLE restic_repository_maintenance FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON restic_repository_maintenance TO ae_app
    USING (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid));
CREATE POLICY system_access ON restic_repository_maintenance TO ae_system USING (true) WITH CHECK (true);

-- A snapshot that was removed stays known, and leaves the lists.
ALTER TABLE restic_snapshots ADD COLUMN removed_at_us bigint;

-- The queue of a repository asks for these two at each hand-out.
CREATE INDEX idx_tasks_held_repository ON restic_tasks (tenant_id, repository_id)
    WHERE status IN ('assigned', 'running', 'unreachable');
CREATE INDEX idx_tasks_waiting_alone ON restic_tasks (tenant_id, repository_id, priority DESC, id)
    WHERE status = 'queued' AND type IN ('init', 'check', 'forget', 'prune');
