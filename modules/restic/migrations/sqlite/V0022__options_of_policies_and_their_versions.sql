-- What counts for a policy beside its own columns (options), and what it says itself (own_options, null: its own columns).
ALTER TABLE restic_policies ADD COLUMN options TEXT NOT NULL DEFAULT '{}';
ALTER TABLE restic_policies ADD COLUMN own_options TEXT;
ALTER TABLE restic_policies ADD COLUMN assign TEXT;
ALTER TABLE restic_policies ADD COLUMN changed_by TEXT NOT NULL DEFAULT '';
ALTER TABLE restic_agent_policy_links ADD COLUMN options TEXT NOT NULL DEFAULT '{}';
ALTER TABLE restic_agent_policy_links ADD COLUMN assigned INTEGER NOT NULL DEFAULT FALSE;
ALTER TABLE restic_agents ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
-- What a tenant's policies go by where they say nothing.
CREATE TABLE restic_policy_defaults (
    tenant_id TEXT PRIMARY KEY REFERENCES tenants(id) ON DELETE CASCADE,
    options TEXT NOT NULL,
    updated_at_us INTEGER NOT NULL
);
-- How each policy was each time that it was saved.
CREATE TABLE restic_policy_versions (
    tenant_id TEXT NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
    policy_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    at_us INTEGER NOT NULL,
    author TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (tenant_id, policy_id, version),
    FOREIGN KEY (tenant_id, policy_id) REFERENCES restic_policies (tenant_id, id) ON DELETE CASCADE
);
