-- Where a repository is, in one spelling, so that no second one is made of it under another. Only the host can
-- spell it: it fills what is empty at its next start.
ALTER TABLE restic_repositories ADD COLUMN place text NOT NULL DEFAULT '';
DROP INDEX idx_repositories_place;
CREATE INDEX idx_repositories_place ON restic_repositories (tenant_id, place) WHERE archived_at_us IS NULL;
