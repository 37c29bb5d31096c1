-- Which folders of which snapshots have been listed: what they have are the items of the task that listed them. A snapshot never
-- changes, so that is right for ever. Without a time of listing: the task is at it, or has failed.
CREATE TABLE restic_listed_folders (
    tenant_id TEXT NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    snapshot_id TEXT NOT NULL REFERENCES restic_snapshots (id) ON DELETE CASCADE,
    path_sha256 TEXT NOT NULL,
    path TEXT NOT NULL,
    task_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    listed_at_us INTEGER,
    used_at_us INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, snapshot_id, path_sha256),
    FOREIGN KEY (tenant_id, task_id) REFERENCES restic_tasks (tenant_id, id) ON DELETE CASCADE
);
-- What goes with its snapshot, whose items they are, and which were not used for the longest time.
CREATE INDEX idx_listed_folders_snapshot ON restic_listed_folders (snapshot_id);
CREATE INDEX idx_listed_folders_task ON restic_listed_folders (tenant_id, task_id);
CREATE INDEX idx_listed_folders_used ON restic_listed_folders (tenant_id, used_at_us, entries);
