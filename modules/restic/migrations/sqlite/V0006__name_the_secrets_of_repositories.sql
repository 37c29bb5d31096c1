-- Which fields of a repository's config the vault holds: shown, and never what they are.
ALTER TABLE restic_repositories ADD COLUMN secret_fields TEXT NOT NULL DEFAULT '[]';
