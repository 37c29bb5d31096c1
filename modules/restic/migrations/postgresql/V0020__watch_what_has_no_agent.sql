-- Targets without agents: when each is looked at, what was found, and every look.
-- Without a policy the target says itself how old its last snapshot may be.
ALTER TABLE restic_targets ADD COLUMN max_age_hours bigint;
-- One row for each kind of look at a target. claim: of the host that looks just now, until that time. error: of the last
-- look, null after a good one; good_at_us: of the last good one, which `found` is of.
CREATE TABLE restic_target_probes (
    tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    target_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('snapshots', 'stats', 'check')),
    next_at_us bigint NOT NULL,
    claim uuid,
    claimed_until_us bigint,
    started_at_us bigint,
    ended_at_us bigint,
    good_at_us bigint,
    error text,
    message text,
    error_since_us bigint,
    found jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant_id, target_id, kind),
    FOREIGN KEY (tenant_id, target_id) REFERENCES restic_targets (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX idx_target_probes_due ON restic_target_probes (next_at_us);
CREATE TABLE restic_health_checks (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    target_id uuid NOT NULL,
    kind text NOT NULL,
    healthy boolean NOT NULL,
    error text,
    error_message text,
    snapshot_age_hours bigint,
    duration_ms bigint,
    checked_at_us bigint NOT NULL,
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, target_id) REFERENCES restic_targets (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX idx_health_checks_target ON restic_health_checks (tenant_id, target_id, checked_at_us DESC, id DESC);
CREATE INDEX idx_health_checks_checked_at ON restic_health_checks (tenant_id, checked_at_us);
-- An imported policy has no slots until somebody adopts it: the old cron line goes on.
ALTER TABLE restic_policies ADD COLUMN awaiting_adoption boolean NOT NULL DEFAULT FALSE;
ALTER TABLE restic_target_probes ENABLE ROW LEVEL SECURITY;
ALTER TABLE restic_target_probes FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON restic_target_probes TO ae_app
    USING (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid));
CREATE POLICY system_access ON restic_target_probes TO ae_system USING (true) WITH CHECK (true);
ALTER TABLE restic_health_checks ENABLE ROW LEVEL SECURITY;
ALTER TABLE restic_health_checks FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON restic_health_checks TO ae_app
    USING (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid));
CREATE POLICY system_access ON restic_health_checks TO ae_system USING (true) WITH CHECK (true);
