-- The last restore test of files of each target, and what it tried: the light has only whether it was good.
CREATE TABLE restic_restore_tests (
    tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    target_id uuid NOT NULL,
    task_id uuid NOT NULL,
    snapshot_id text NOT NULL,
    ended_at_us bigint NOT NULL,
    good boolean NOT NULL,
    message text,
    files bigint NOT NULL,
    total_files bigint NOT NULL,
    bytes bigint NOT NULL,
    duration_ms bigint NOT NULL,
    PRIMARY KEY (tenant_id, target_id),
    FOREIGN KEY (tenant_id, target_id) REFERENCES restic_targets (tenant_id, id) ON DELETE CASCADE
);
ALTER TABLE restic_restore_tests ENABLE ROW LEVEL SECURITY;
ALTER TABLE restic_restore_tests FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON restic_restore_tests TO ae_app
    USING (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid));
CREATE POLICY system_access ON restic_restore_tests TO ae_system USING (true) WITH CHECK (true);
