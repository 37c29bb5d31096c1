-- Who seals a secret looks first which key all hosts seal with; only the name of it.
GRANT SELECT (id, key_id) ON vault_check TO ae_app;
CREATE POLICY name_of_the_key ON vault_check FOR SELECT TO ae_app USING (true);
