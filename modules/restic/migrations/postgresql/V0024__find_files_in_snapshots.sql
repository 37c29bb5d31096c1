-- Which folders of which snapshots have been listed: what they have are the items of the task that listed them. A snapshot never
-- changes, so that is right for ever. Without a time of listing: the task is at it, or has failed.
CREATE TABLE restic_listed_folders (
    tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    snapshot_id uuid NOT NULL REFERENCES restic_snapshots (id) ON DELETE CASCADE,
    path_sha256 text NOT NULL,
    path text NOT NULL,
    task_id uuid NOT NULL,
    attempt integer NOT NULL,
    entries bigint NOT NULL,
    listed_at_us bigint,
    used_at_us bigint NOT NULL,
    PRIMARY KEY (tenant_id, snapshot_id, path_sha256),
    FOREIGN KEY (tenant_id, task_id) REFERENCES restic_tasks (tenant_id, id) ON DELETE CASCADE
);
-- What goes with its snapshot, whose items they are, and which were not used for the longest time.
CREATE INDEX idx_listed_folders_snapshot ON restic_listed_folders (snapshot_id);
CREATE INDEX idx_listed_folders_task ON restic_listed_folders (tenant_id, task_id);
CREATE INDEX idx_listed_folders_used ON restic_listed_folders (tenant_id, used_at_us, entries);
ALTER TABLE restic_listed_folders ENABLE ROW LEVEL SECURITY;
ALTER TABLE restic_listed_folders FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON restic_listed_folders TO ae_app
    USING (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid));
CREATE POLICY system_access ON restic_listed_folders TO ae_system USING (true) WITH CHECK (true);
