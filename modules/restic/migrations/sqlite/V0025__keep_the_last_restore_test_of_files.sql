-- The last restore test of files of each target, and what it tried: the light has only whether it was good.
CREATE TABLE restic_restore_tests (
    tenant_id TEXT NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    target_id TEXT NOT NULL,
    task_id TEXT NOT NULL,
    snapshot_id TEXT NOT NULL,
    ended_at_us INTEGER NOT NULL,
    good INTEGER NOT NULL,
    message TEXT,
    files INTEGER NOT NULL,
    total_files INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, target_id),
    FOREIGN KEY (tenant_id, target_id) REFERENCES restic_targets (tenant_id, id) ON DELETE CASCADE
);
