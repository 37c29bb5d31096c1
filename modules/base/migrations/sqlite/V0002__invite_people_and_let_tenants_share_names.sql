-- A tenant's name is for people. Nothing is looked up by it, so two may have the same.
CREATE TABLE tenants_new (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    max_agents INTEGER NOT NULL DEFAULT 100,
    max_policies INTEGER NOT NULL DEFAULT 50,
    created_at_us BIGINT NOT NULL,
    updated_at_us BIGINT NOT NULL,
    is_default INTEGER NOT NULL DEFAULT 0
);
INSERT INTO tenants_new (id, name, max_agents, max_policies, created_at_us, updated_at_us)
    SELECT id, name, max_agents, max_policies, created_at_us, updated_at_us FROM tenants;
DROP TABLE tenants;
ALTER TABLE tenants_new RENAME TO tenants;
UPDATE tenants SET is_default = 1
    WHERE id = (SELECT id FROM tenants ORDER BY CASE WHEN name = 'default' THEN 0 ELSE 1 END, created_at_us, id LIMIT 1);
CREATE UNIQUE INDEX idx_tenants_default ON tenants (is_default) WHERE is_default;

-- What an administrator of one tenant decides about a person holds in that tenant only.
ALTER TABLE memberships ADD COLUMN active INTEGER NOT NULL DEFAULT 1;
ALTER TABLE memberships ADD COLUMN name TEXT;
ALTER TABLE memberships ADD COLUMN suspended_at_us BIGINT;
UPDATE memberships SET active = 0 WHERE user_id IN (SELECT id FROM users WHERE NOT active);
UPDATE users SET active = 1 WHERE id IN (SELECT user_id FROM memberships);

-- Which of their tenants a person has chosen to work in.
ALTER TABLE users ADD COLUMN chosen_tenant_id TEXT REFERENCES tenants (id) ON DELETE SET NULL;

-- Only the SHA-256 of a token is kept.
CREATE TABLE invitations (
    id TEXT PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    email TEXT NOT NULL CONSTRAINT chk_invitations_email CHECK (email = lower(email)),
    name TEXT NOT NULL,
    role TEXT NOT NULL CONSTRAINT chk_invitations_role CHECK (role IN ('viewer', 'operator', 'admin')),
    token_sha256 TEXT NOT NULL UNIQUE,
    created_by TEXT,
    created_at_us BIGINT NOT NULL,
    expires_at_us BIGINT NOT NULL,
    CONSTRAINT uk_invitations_email UNIQUE (tenant_id, email)
);
CREATE INDEX idx_invitations_tenant ON invitations (tenant_id, created_at_us, id);
CREATE INDEX idx_invitations_expires ON invitations (expires_at_us);

CREATE INDEX idx_api_tokens_created_by ON api_tokens (created_by);
CREATE INDEX idx_memberships_since ON memberships (tenant_id, created_at_us, user_id);
