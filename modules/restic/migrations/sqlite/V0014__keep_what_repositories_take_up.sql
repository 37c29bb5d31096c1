-- What repositories took up, and when that is counted.
-- Which operations have a schedule, the host declares.
ALTER TABLE restic_repository_schedules RENAME TO old_repository_schedules;
DROP INDEX idx_repository_schedules_due;
CREATE TABLE restic_repository_schedules (
    tenant_id TEXT NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    repository_id TEXT NOT NULL,
    operation TEXT NOT NULL,
    schedule TEXT NOT NULL,
    next_run_at_us INTEGER,
    last_slot_us INTEGER,
    next_part INTEGER NOT NULL DEFAULT 1,
    problem TEXT,
    problem_slot_us INTEGER,
    PRIMARY KEY (tenant_id, repository_id, operation),
    FOREIGN KEY (tenant_id, repository_id) REFERENCES restic_repositories (tenant_id, id)
);
CREATE INDEX idx_repository_schedules_due ON restic_repository_schedules (next_run_at_us) WHERE next_run_at_us IS NOT NULL;
INSERT INTO restic_repository_schedules
    SELECT tenant_id, repository_id, operation, schedule, next_run_at_us, last_slot_us, next_part, problem, problem_slot_us
    FROM old_repository_schedules;
DROP TABLE old_repository_schedules;

-- One row for each day on which it was counted; the last count of the day stays.
CREATE TABLE restic_repository_sizes (
    tenant_id TEXT NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    repository_id TEXT NOT NULL,
    day_us INTEGER NOT NULL,
    counted_at_us INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, repository_id, day_us),
    FOREIGN KEY (tenant_id, repository_id) REFERENCES restic_repositories (tenant_id, id)
);
-- Repositories of before are counted too: it changes nothing. The first look plans the time.
INSERT INTO restic_repository_schedules (tenant_id, repository_id, operation, schedule)
    SELECT tenant_id, id, 'stats', '0 5 * * *' FROM restic_repositories WHERE archived_at_us IS NULL;
