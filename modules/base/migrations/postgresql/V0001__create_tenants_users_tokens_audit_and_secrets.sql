CREATE TABLE tenants (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    max_agents integer NOT NULL DEFAULT 100,
    max_policies integer NOT NULL DEFAULT 50,
    created_at_us bigint NOT NULL,
    updated_at_us bigint NOT NULL
);

-- A person. `system` may do what crosses tenants.
CREATE TABLE users (
    id uuid PRIMARY KEY,
    email text NOT NULL UNIQUE CONSTRAINT chk_users_email CHECK (email = lower(email)),
    password_hash text NOT NULL,
    name text NOT NULL,
    active boolean NOT NULL DEFAULT true,
    system boolean NOT NULL DEFAULT false,
    created_at_us bigint NOT NULL,
    updated_at_us bigint NOT NULL,
    password_changed_at_us bigint NOT NULL
);

CREATE TABLE memberships (
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    role text NOT NULL CONSTRAINT chk_memberships_role CHECK (role IN ('viewer', 'operator', 'admin')),
    created_at_us bigint NOT NULL,
    PRIMARY KEY (user_id, tenant_id)
);
CREATE INDEX idx_memberships_tenant ON memberships (tenant_id, user_id);

-- One sign-in: the family of its refresh tokens.
CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    address text NOT NULL,
    created_at_us bigint NOT NULL,
    revoked_at_us bigint
);
CREATE INDEX idx_sessions_user ON sessions (user_id);

-- Only the SHA-256 of a token is kept. A spent one that comes back ends its family.
CREATE TABLE refresh_tokens (
    token_sha256 text PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    created_at_us bigint NOT NULL,
    expires_at_us bigint NOT NULL,
    spent_at_us bigint
);
CREATE INDEX idx_refresh_tokens_session ON refresh_tokens (session_id);
CREATE INDEX idx_refresh_tokens_expires ON refresh_tokens (expires_at_us);

-- Without a tenant: a system token.
CREATE TABLE api_tokens (
    id uuid PRIMARY KEY,
    tenant_id uuid REFERENCES tenants (id) ON DELETE CASCADE,
    name text NOT NULL,
    prefix text NOT NULL,
    token_sha256 text NOT NULL UNIQUE,
    role text NOT NULL CONSTRAINT chk_api_tokens_role CHECK (role IN ('viewer', 'operator', 'admin')),
    created_by uuid,
    created_at_us bigint NOT NULL,
    expires_at_us bigint,
    last_used_at_us bigint,
    revoked_at_us bigint
);
CREATE INDEX idx_api_tokens_tenant ON api_tokens (tenant_id, created_at_us);

CREATE TABLE audit_log (
    id uuid PRIMARY KEY,
    tenant_id uuid,
    at_us bigint NOT NULL,
    actor_kind text NOT NULL,
    actor_id text NOT NULL,
    actor_name text NOT NULL,
    address text NOT NULL,
    request_id text NOT NULL,
    action text NOT NULL,
    object_type text NOT NULL,
    object_id text NOT NULL,
    before jsonb,
    after jsonb
);
CREATE INDEX idx_audit_log_tenant ON audit_log (tenant_id, at_us, id);
CREATE INDEX idx_audit_log_at ON audit_log (at_us, id);

-- AES-256-GCM; the ciphertext ends with the tag. The place of a row is part of what is sealed.
CREATE TABLE secrets (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    owner_table text NOT NULL,
    owner_id uuid NOT NULL,
    field text NOT NULL,
    key_id text NOT NULL,
    nonce bytea NOT NULL,
    ciphertext bytea NOT NULL,
    created_at_us bigint NOT NULL,
    updated_at_us bigint NOT NULL,
    UNIQUE (tenant_id, owner_table, owner_id, field)
);

-- One row that only the right key opens.
CREATE TABLE vault_check (
    id integer PRIMARY KEY CONSTRAINT chk_vault_check_single CHECK (id = 1),
    key_id text NOT NULL,
    nonce bytea NOT NULL,
    ciphertext bytea NOT NULL,
    created_at_us bigint NOT NULL
);

-- The second wall: see docs/database.md.
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY system ON tenants TO ae_system USING (true) WITH CHECK (true);
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE users FORCE ROW LEVEL SECURITY;
CREATE POLICY system ON users TO ae_system USING (true) WITH CHECK (true);
ALTER TABLE memberships ENABLE ROW LEVEL SECURITY;
ALTER TABLE memberships FORCE ROW LEVEL SECURITY;
CREATE POLICY system ON memberships TO ae_system USING (true) WITH CHECK (true);
ALTER TABLE sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE sessions FORCE ROW LEVEL SECURITY;
CREATE POLICY system ON sessions TO ae_system USING (true) WITH CHECK (true);
ALTER TABLE refresh_tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE refresh_tokens FORCE ROW LEVEL SECURITY;
CREATE POLICY system ON refresh_tokens TO ae_system USING (true) WITH CHECK (true);
ALTER TABLE api_tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_tokens FORCE ROW LEVEL SECURITY;
CREATE POLICY system ON api_tokens TO ae_system USING (true) WITH CHECK (true);
ALTER TABLE audit_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_log FORCE ROW LEVEL SECURITY;
CREATE POLICY system ON audit_log TO ae_system USING (true) WITH CHECK (true);
ALTER TABLE secrets ENABLE ROW LEVEL SECURITY;
ALTER TABLE secrets FORCE ROW LEVEL SECURITY;
CREATE POLICY system ON secrets TO ae_system USING (true) WITH CHECK (true);
ALTER TABLE vault_check ENABLE ROW LEVEL SECURITY;
ALTER TABLE vault_check FORCE ROW LEVEL SECURITY;
CREATE POLICY system ON vault_check TO ae_system USING (true) WITH CHECK (true);

CREATE POLICY tenant ON memberships TO ae_app
    USING (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid));
CREATE POLICY tenant ON sessions TO ae_app
    USING (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid));
CREATE POLICY tenant ON api_tokens TO ae_app
    USING (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid));
CREATE POLICY tenant ON audit_log TO ae_app
    USING (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid));
CREATE POLICY tenant ON secrets TO ae_app
    USING (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid));
CREATE POLICY tenant ON tenants TO ae_app USING (id = (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid));
-- Members of the tenant; memberships shows ae_app those of the tenant only.
CREATE POLICY tenant ON users TO ae_app USING (EXISTS (SELECT 1 FROM memberships m WHERE m.user_id = users.id));

-- What the host does for people who sign in crosses tenants; a tenant's own unit of work needs less.
REVOKE INSERT, UPDATE, DELETE ON tenants, memberships FROM ae_app;
REVOKE ALL ON users, sessions, refresh_tokens, vault_check FROM ae_app;
GRANT SELECT (id, email, name, active, system, created_at_us, updated_at_us) ON users TO ae_app;
-- The audit log only grows.
REVOKE UPDATE, DELETE ON audit_log FROM ae_app;
REVOKE UPDATE ON audit_log FROM ae_system;
