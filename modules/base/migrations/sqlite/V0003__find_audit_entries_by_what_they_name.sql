-- Each filter has an index in the list's order: a filter without a hit reads nothing.
CREATE INDEX idx_audit_log_action ON audit_log (tenant_id, action, at_us, id);
CREATE INDEX idx_audit_log_actor ON audit_log (tenant_id, actor_id, at_us, id);
CREATE INDEX idx_audit_log_object_type ON audit_log (tenant_id, object_type, at_us, id);
CREATE INDEX idx_audit_log_object ON audit_log (tenant_id, object_id, at_us, id);
