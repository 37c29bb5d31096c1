-- Old sessions are cleaned up by their age; a tenant that goes takes its sessions and the choices of it along.
CREATE INDEX idx_sessions_created ON sessions (created_at_us);
CREATE INDEX idx_sessions_tenant ON sessions (tenant_id);
CREATE INDEX idx_users_chosen_tenant ON users (chosen_tenant_id) WHERE chosen_tenant_id IS NOT NULL;

-- A system token filters the entries of all tenants.
CREATE INDEX idx_audit_log_all_action ON audit_log (action, at_us, id);
CREATE INDEX idx_audit_log_all_actor ON audit_log (actor_id, at_us, id);
CREATE INDEX idx_audit_log_all_object_type ON audit_log (object_type, at_us, id);
CREATE INDEX idx_audit_log_all_object ON audit_log (object_id, at_us, id);

-- Pages of tenants, newest first; those of one name, oldest first.
CREATE INDEX idx_tenants_listed ON tenants (created_at_us, id);
CREATE INDEX idx_tenants_name ON tenants (name, created_at_us, id);

-- The last administrator of a tenant is looked for among its administrators.
CREATE INDEX idx_memberships_admins ON memberships (tenant_id, user_id) WHERE role = 'admin';
CREATE INDEX idx_api_tokens_system ON api_tokens (created_at_us, id) WHERE tenant_id IS NULL;
