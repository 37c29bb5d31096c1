-- What the lights of a target stand on is kept beside it, so that reading them costs the same however long the history is.
-- since_us: from when on the light is asked; task: of the last one that ended; good_: of the last good one.
CREATE TABLE restic_target_evidence (
    tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    target_id uuid NOT NULL,
    light text NOT NULL CHECK (light IN ('retention', 'restore_test')),
    since_us bigint NOT NULL,
    task_id uuid,
    good boolean NOT NULL DEFAULT TRUE,
    message text,
    ended_at_us bigint,
    good_task_id uuid,
    good_at_us bigint,
    PRIMARY KEY (tenant_id, target_id, light),
    FOREIGN KEY (tenant_id, target_id) REFERENCES restic_targets (tenant_id, id) ON DELETE CASCADE
);
-- Of targets that have snapshots already: the last forget that worked, or else the newest snapshot.
INSERT INTO restic_target_evidence (tenant_id, target_id, light, since_us, good_at_us)
    SELECT t.tenant_id, t.id, 'retention', t.latest_snapshot_at_us,
        (SELECT MAX(k.completed_at_us) FROM restic_tasks k WHERE k.tenant_id = t.tenant_id AND k.target_id = t.id
            AND k.type = 'forget' AND k.status IN ('success', 'warning'))
    FROM restic_targets t WHERE t.latest_snapshot_at_us IS NOT NULL AND t.mode = 'agent';
INSERT INTO restic_target_evidence (tenant_id, target_id, light, since_us, good, message, ended_at_us, good_at_us)
    SELECT d.tenant_id, d.target_id, 'restore_test', MIN(d.last_saved_at_us), MIN(CASE WHEN d.verify_error IS NULL THEN 1 ELSE 0 END) = 1,
        MIN(d.verify_error), MAX(d.verified_at_us), MAX(CASE WHEN d.verify_error IS NULL THEN d.verified_at_us END)
    FROM restic_dumps d WHERE d.last_saved_at_us IS NOT NULL GROUP BY d.tenant_id, d.target_id;
ALTER TABLE restic_repository_maintenance ADD COLUMN good_task_id uuid;
ALTER TABLE restic_repository_maintenance ADD COLUMN good_at_us bigint;
UPDATE restic_repository_maintenance SET good_task_id = task_id, good_at_us = ended_at_us WHERE status IN ('success', 'warning');
-- What a policy promises and a target does not have: since when, and until when.
CREATE TABLE restic_policy_violations (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    target_id uuid NOT NULL,
    policy_id uuid,
    type text NOT NULL CHECK (type IN ('snapshot_too_old', 'no_recent_backup', 'retention_violated', 'backup_failed')),
    severity text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    description text NOT NULL,
    since_us bigint NOT NULL,
    ended_at_us bigint,
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, target_id) REFERENCES restic_targets (tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX idx_policy_violations_open ON restic_policy_violations (tenant_id, target_id, type) WHERE ended_at_us IS NULL;
CREATE INDEX idx_policy_violations_ended ON restic_policy_violations (tenant_id, ended_at_us);
-- How each target was on each day of its policy's zone: the worst that was found then.
CREATE TABLE restic_compliance_days (
    tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    target_id uuid NOT NULL,
    day text NOT NULL,
    status text NOT NULL,
    compliant boolean NOT NULL,
    violations text NOT NULL,
    PRIMARY KEY (tenant_id, target_id, day),
    FOREIGN KEY (tenant_id, target_id) REFERENCES restic_targets (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX idx_compliance_days_day ON restic_compliance_days (tenant_id, day);
ALTER TABLE restic_target_evidence ENABLE ROW LEVEL SECURITY;
ALTER TABLE restic_target_evidence FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON restic_target_evidence TO ae_app
    USING (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid));
CREATE POLICY system_access ON restic_target_evidence TO ae_system USING (true) WITH CHECK (true);
ALTER TABLE restic_policy_violations ENABLE ROW LEVEL SECURITY;
ALTER TABLE restic_policy_violations FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON restic_policy_violations TO ae_app
    USING (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid));
CREATE POLICY system_access ON restic_policy_violations TO ae_system USING (true) WITH CHECK (true);
ALTER TABLE restic_compliance_days ENABLE ROW LEVEL SECURITY;
ALTER TABLE restic_compliance_days FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON restic_compliance_days TO ae_app
    USING (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid));
CREATE POLICY system_access ON restic_compliance_days TO ae_system USING (true) WITH CHECK (true);
