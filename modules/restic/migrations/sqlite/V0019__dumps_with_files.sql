-- A snapshot may hold several dumps, also beside files. own_dump: it is nothing but a dump.
ALTER TABLE restic_snapshots RENAME COLUMN dump TO dumps;
ALTER TABLE restic_snapshots ADD COLUMN own_dump INTEGER NOT NULL DEFAULT 0;
UPDATE restic_snapshots SET dumps = '[' || dumps || ']', own_dump = 1 WHERE dumps IS NOT NULL;
