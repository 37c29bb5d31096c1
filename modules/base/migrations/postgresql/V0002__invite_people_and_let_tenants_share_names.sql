-- A tenant's name is for people. Nothing is looked up by it, so two may have the same.
ALTER TABLE tenants DROP CONSTRAINT tenants_name_key;
ALTER TABLE tenants ADD COLUMN is_default boolean NOT NULL DEFAULT false;
-- Row security holds the owner, too.
SET LOCAL ROLE ae_system;
UPDATE tenants SET is_default = true
    WHERE id = (SELECT id FROM tenants ORDER BY CASE WHEN name = 'default' THEN 0 ELSE 1 END, created_at_us, id LIMIT 1);
RESET ROLE;
CREATE UNIQUE INDEX idx_tenants_default ON tenants (is_default) WHERE is_default;

-- What an administrator of one tenant decides about a person holds in that tenant only.
ALTER TABLE memberships ADD COLUMN active boolean NOT NULL DEFAULT true;
ALTER TABLE memberships ADD COLUMN name text;
ALTER TABLE memberships ADD COLUMN suspended_at_us bigint;
SET LOCAL ROLE ae_system;
UPDATE memberships SET active = false WHERE user_id IN (SELECT id FROM users WHERE NOT active);
UPDATE users SET active = true WHERE id IN (SELECT user_id FROM memberships);
RESET ROLE;

-- Which of their tenants a person has chosen to work in.
ALTER TABLE users ADD COLUMN chosen_tenant_id uuid REFERENCES tenants (id) ON DELETE SET NULL;

-- Only the SHA-256 of a token is kept.
CREATE TABLE invitations (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    email text NOT NULL CONSTRAINT chk_invitations_email CHECK (email = lower(email)),
    name text NOT NULL,
    role text NOT NULL CONSTRAINT chk_invitations_role CHECK (role IN ('viewer', 'operator', 'admin')),
    token_sha256 text NOT NULL UNIQUE,
    created_by uuid,
    created_at_us bigint NOT NULL,
    expires_at_us bigint NOT NULL,
    CONSTRAINT uk_invitations_email UNIQUE (tenant_id, email)
);
CREATE INDEX idx_invitations_tenant ON invitations (tenant_id, created_at_us, id);
CREATE INDEX idx_invitations_expires ON invitations (expires_at_us);

ALTER TABLE invitations ENABLE ROW LEVEL SECURITY;
ALTER TABLE invitations FORCE ROW LEVEL SECURITY;
CREATE POLICY system ON invitations TO ae_system USING (true) WITH CHECK (true);
CREATE POLICY tenant ON invitations TO ae_app
    USING (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid));
REVOKE ALL ON invitations FROM ae_app;
GRANT SELECT (id, tenant_id, email, name, role, created_by, created_at_us, expires_at_us) ON invitations TO ae_app;

CREATE INDEX idx_api_tokens_created_by ON api_tokens (created_by);
CREATE INDEX idx_memberships_since ON memberships (tenant_id, created_at_us, user_id);
