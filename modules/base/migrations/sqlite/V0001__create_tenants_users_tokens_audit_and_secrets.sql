CREATE TABLE tenants (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL CONSTRAINT tenants_name_key UNIQUE,
    max_agents INTEGER NOT NULL DEFAULT 100,
    max_policies INTEGER NOT NULL DEFAULT 50,
    created_at_us BIGINT NOT NULL,
    updated_at_us BIGINT NOT NULL
);

-- A person. `system` may do what crosses tenants.
CREATE TABLE users (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL UNIQUE CONSTRAINT chk_users_email CHECK (email = lower(email)),
    password_hash TEXT NOT NULL,
    name TEXT NOT NULL,
    active INTEGER NOT NULL DEFAULT 1,
    system INTEGER NOT NULL DEFAULT 0,
    created_at_us BIGINT NOT NULL,
    updated_at_us BIGINT NOT NULL,
    password_changed_at_us BIGINT NOT NULL
);

CREATE TABLE memberships (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    role TEXT NOT NULL CONSTRAINT chk_memberships_role CHECK (role IN ('viewer', 'operator', 'admin')),
    created_at_us BIGINT NOT NULL,
    PRIMARY KEY (user_id, tenant_id)
);
CREATE INDEX idx_memberships_tenant ON memberships (tenant_id, user_id);

-- One sign-in: the family of its refresh tokens.
CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    address TEXT NOT NULL,
    created_at_us BIGINT NOT NULL,
    revoked_at_us BIGINT
);
CREATE INDEX idx_sessions_user ON sessions (user_id);

-- Only the SHA-256 of a token is kept. A spent one that comes back ends its family.
CREATE TABLE refresh_tokens (
    token_sha256 TEXT PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    created_at_us BIGINT NOT NULL,
    expires_at_us BIGINT NOT NULL,
    spent_at_us BIGINT
);
CREATE INDEX idx_refresh_tokens_session ON refresh_tokens (session_id);
CREATE INDEX idx_refresh_tokens_expires ON refresh_tokens (expires_at_us);

-- Without a tenant: a system token.
CREATE TABLE api_tokens (
    id TEXT PRIMARY KEY,
    tenant_id TEXT REFERENCES tenants (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    prefix TEXT NOT NULL,
    token_sha256 TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL CONSTRAINT chk_api_tokens_role CHECK (role IN ('viewer', 'operator', 'admin')),
    created_by TEXT,
    created_at_us BIGINT NOT NULL,
    expires_at_us BIGINT,
    last_used_at_us BIGINT,
    revoked_at_us BIGINT
);
CREATE INDEX idx_api_tokens_tenant ON api_tokens (tenant_id, created_at_us);

CREATE TABLE audit_log (
    id TEXT PRIMARY KEY,
    tenant_id TEXT,
    at_us BIGINT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    address TEXT NOT NULL,
    request_id TEXT NOT NULL,
    action TEXT NOT NULL,
    object_type TEXT NOT NULL,
    object_id TEXT NOT NULL,
    before TEXT,
    after TEXT
);
CREATE INDEX idx_audit_log_tenant ON audit_log (tenant_id, at_us, id);
CREATE INDEX idx_audit_log_at ON audit_log (at_us, id);

-- AES-256-GCM; the ciphertext ends with the tag. The place of a row is part of what is sealed.
CREATE TABLE secrets (
    id TEXT PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    owner_table TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    field TEXT NOT NULL,
    key_id TEXT NOT NULL,
    nonce BLOB NOT NULL,
    ciphertext BLOB NOT NULL,
    created_at_us BIGINT NOT NULL,
    updated_at_us BIGINT NOT NULL,
    UNIQUE (tenant_id, owner_table, owner_id, field)
);

-- One row that only the right key opens.
CREATE TABLE vault_check (
    id INTEGER PRIMARY KEY CONSTRAINT chk_vault_check_single CHECK (id = 1),
    key_id TEXT NOT NULL,
    nonce BLOB NOT NULL,
    ciphertext BLOB NOT NULL,
    created_at_us BIGINT NOT NULL
);
