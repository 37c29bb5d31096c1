-- What agents told of their dump plugins, and what became of each database that they dump.
CREATE TABLE restic_agent_plugins (
    tenant_id TEXT NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    agent_id TEXT NOT NULL,
    version TEXT NOT NULL,
    document TEXT NOT NULL,
    reported_at_us INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, agent_id),
    FOREIGN KEY (tenant_id, agent_id) REFERENCES restic_agents (tenant_id, id) ON DELETE CASCADE
);
-- The present state of each; recent_bytes are the sizes of its last dumps, the newest first. verify_error: why the last
-- restore test failed.
CREATE TABLE restic_dumps (
    tenant_id TEXT NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    target_id TEXT NOT NULL,
    plugin TEXT NOT NULL,
    set_name TEXT NOT NULL,
    database_name TEXT NOT NULL,
    state TEXT NOT NULL,
    error TEXT,
    snapshot_id TEXT,
    recent_bytes TEXT NOT NULL,
    last_saved_at_us INTEGER,
    last_tried_at_us INTEGER NOT NULL,
    verified_at_us INTEGER,
    verify_error TEXT,
    PRIMARY KEY (tenant_id, target_id, plugin, set_name, database_name),
    FOREIGN KEY (tenant_id, target_id) REFERENCES restic_targets (tenant_id, id) ON DELETE CASCADE
);
-- Of a snapshot that is the dump of a database: plugin, set, database, file, and what the plugin knew of it.
ALTER TABLE restic_snapshots ADD COLUMN dump TEXT;
