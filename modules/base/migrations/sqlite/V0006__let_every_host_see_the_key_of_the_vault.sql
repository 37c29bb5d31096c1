-- Of PostgreSQL only: there a tenant's unit of work may not see the vault's check.
SELECT 1;
