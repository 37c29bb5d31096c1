-- What the lights of a target stand on is kept beside it, so that reading them costs the same however long the history is.
-- since_us: from when on the light is asked; task: of the last one that ended; good_: of the last good one.
CREATE TABLE restic_target_evidence (
    tenant_id TEXT NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    target_id TEXT NOT NULL,
    light TEXT NOT NULL CHECK (light IN ('retention', 'restore_test')),
    since_us INTEGER NOT NULL,
    task_id TEXT,
    good INTEGER NOT NULL DEFAULT TRUE,
    message TEXT,
    ended_at_us INTEGER,
    good_task_id TEXT,
    good_at_us INTEGER,
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
ALTER TABLE restic_repository_maintenance ADD COLUMN good_task_id TEXT;
ALTER TABLE restic_repository_maintenance ADD COLUMN good_at_us INTEGER;
UPDATE restic_repository_maintenance SET good_task_id = task_id, good_at_us = ended_at_us WHERE status IN ('success', 'warning');
-- What a policy promises and a target does not have: since when, and until when.
CREATE TABLE restic_policy_violations (
    id TEXT PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    target_id TEXT NOT NULL,
    policy_id TEXT,
    type TEXT NOT NULL CHECK (type IN ('snapshot_too_old', 'no_recent_backup', 'retention_violated', 'backup_failed')),
    severity TEXT NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    description TEXT NOT NULL,
    since_us INTEGER NOT NULL,
    ended_at_us INTEGER,
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, target_id) REFERENCES restic_targets (tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX idx_policy_violations_open ON restic_policy_violations (tenant_id, target_id, type) WHERE ended_at_us IS NULL;
CREATE INDEX idx_policy_violations_ended ON restic_policy_violations (tenant_id, ended_at_us);
-- How each target was on each day of its policy's zone: the worst that was found then.
CREATE TABLE restic_compliance_days (
    tenant_id TEXT NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    target_id TEXT NOT NULL,
    day TEXT NOT NULL,
    status TEXT NOT NULL,
    compliant INTEGER NOT NULL,
    violations TEXT NOT NULL,
    PRIMARY KEY (tenant_id, target_id, day),
    FOREIGN KEY (tenant_id, target_id) REFERENCES restic_targets (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX idx_compliance_days_day ON restic_compliance_days (tenant_id, day);
