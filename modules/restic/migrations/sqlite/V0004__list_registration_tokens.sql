-- Pages of the tokens that still work go by this.
CREATE INDEX restic_registration_tokens_by_age ON restic_registration_tokens (tenant_id, created_at_us DESC, id DESC);
