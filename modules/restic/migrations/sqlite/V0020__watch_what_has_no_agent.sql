-- Targets without agents: when each is looked at, what was found, and every look.
-- Without a policy the target says itself how old its last snapshot may be.
ALTER TABLE restic_targets ADD COLUMN max_age_hours INTEGER;
-- One row for each kind of look at a target. claim: of the host that looks just now, until that time. error: of the last
-- look, null after a good one; good_at_us: of the last good one, which `found` is of.
CREATE TABLE restic_target_probes (
    tenant_id TEXT NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    target_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('snapshots', 'stats', 'check')),
    next_at_us INTEGER NOT NULL,
    claim TEXT,
    claimed_until_us INTEGER,
    started_at_us INTEGER,
    ended_at_us INTEGER,
    good_at_us INTEGER,
    error TEXT,
    message TEXT,
    error_since_us INTEGER,
    found TEXT NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant_id, target_id, kind),
    FOREIGN KEY (tenant_id, target_id) REFERENCES restic_targets (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX idx_target_probes_due ON restic_target_probes (next_at_us);
CREATE TABLE restic_health_checks (
    id TEXT PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    target_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    healthy INTEGER NOT NULL,
    error TEXT,
    error_message TEXT,
    snapshot_age_hours INTEGER,
    duration_ms INTEGER,
    checked_at_us INTEGER NOT NULL,
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, target_id) REFERENCES restic_targets (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX idx_health_checks_target ON restic_health_checks (tenant_id, target_id, checked_at_us DESC, id DESC);
CREATE INDEX idx_health_checks_checked_at ON restic_health_checks (tenant_id, checked_at_us);
-- An imported policy has no slots until somebody adopts it: the old cron line goes on.
ALTER TABLE restic_policies ADD COLUMN awaiting_adoption INTEGER NOT NULL DEFAULT 0;
