-- What repositories took up, and when that is counted.
-- Which operations have a schedule, the host declares.
ALTER TABLE restic_repository_schedules DROP CONSTRAINT restic_repository_schedules_operation_check;

-- One row for each day on which it was counted; the last count of the day stays.
CREATE TABLE restic_repository_sizes (
    tenant_id uuid NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    repository_id uuid NOT NULL,
    day_us bigint NOT NULL,
    counted_at_us bigint NOT NULL,
    size_bytes bigint NOT NULL,
    PRIMARY KEY (tenant_id, repository_id, day_us),
    FOREIGN KEY (tenant_id, repository_id) REFERENCES restic_repositories (tenant_id, id)
);
ALTER TABLE restic_repository_sizes ENABLE ROW LEVEL SECURITY;
ALTER TABLE restic_repository_sizes FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON restic_repository_sizes TO ae_app
    USING (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid));
CREATE POLICY system_access ON restic_repository_sizes TO ae_system USING (true) WITH CHECK (true);

-- Row security holds the owner as well.
SET LOCAL ROLE ae_system;
-- Repositories of before are counted too: it changes nothing. The first look plans the time.
INSERT INTO restic_repository_schedules (tenant_id, repository_id, operation, schedule)
    SELECT tenant_id, id, 'stats', '0 5 * * *' FROM restic_repositories WHERE archived_at_us IS NULL;
RESET ROLE;
