-- Of a test of a repository that nobody saved: until when its agent must have fetched it. What it needs is in the vault,
-- beside the task, and goes with the task's end.
ALTER TABLE restic_tasks ADD COLUMN unsaved_until_us INTEGER;
CREATE INDEX idx_tasks_unfetched ON restic_tasks (unsaved_until_us) WHERE status = 'queued' AND unsaved_until_us IS NOT NULL;
