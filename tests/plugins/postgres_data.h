#pragma once

namespace test {

/// A database of everything that a dump can get wrong. Needs the role "data_owner".
inline constexpr const char* kAwkwardData = R"SQL(
CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION ltree; CREATE EXTENSION pgcrypto;
CREATE SCHEMA "Odd schema"; CREATE SCHEMA "naïve ""quoted""";
CREATE TYPE mood AS ENUM ('sad', 'it''s ok', 'happy 😀');
CREATE DOMAIN percent AS numeric(5,2) CHECK (VALUE BETWEEN 0 AND 100) DEFAULT 50;
CREATE TYPE pair AS (a int, b text);
CREATE TYPE floats AS RANGE (subtype = float8);
CREATE COLLATION german (provider = icu, locale = 'de-u-co-phonebk');
CREATE TABLE kinds (
  id bigint GENERATED ALWAYS AS IDENTITY (START 1000 INCREMENT 7) PRIMARY KEY,
  n numeric, n2 numeric(40,20), i2 smallint, i4 int, i8 bigint, r real, d double precision, m money,
  b bytea, j json, jb jsonb, a int[], aa text[][], ir int4range, tr tstzrange, mr nummultirange, fr floats,
  e mood, dom percent, c pair, u uuid, ip inet, net cidr, mac macaddr, mac8 macaddr8, tv tsvector, tq tsquery,
  tz timestamptz, ts timestamp, da date, ti time, tiz timetz, iv interval, bi bit(5), bv bit varying, x xml,
  h hstore, ci citext, lt ltree, po point, li line, ls lseg, bx box, pa path, pg polygon, ck circle,
  t text, vc varchar(10), ch char(10), nm name, bo boolean, o oid, lsn pg_lsn, rc regclass, jp jsonpath,
  g int GENERATED ALWAYS AS (i4 * 2) STORED, de text COLLATE german);
INSERT INTO kinds (n, n2, i2, i4, i8, r, d, m, b, j, jb, a, aa, ir, tr, mr, fr, e, dom, c, u, ip, net, mac, mac8,
  tv, tq, tz, ts, da, ti, tiz, iv, bi, bv, x, h, ci, lt, po, li, ls, bx, pa, pg, ck, t, vc, ch, nm, bo, o, lsn, rc,
  jp, de) VALUES
 ('NaN', 12345678901234567890.12345678901234567890, -32768, 2147483647/2, -9223372036854775808, '1e-37', '-Infinity', '-12.34',
  '\x00ff00275c0a0d09', '{"a" : 1, "a":2 }', '{"k": [1, null, "\u00e4\n"]}', '{1,NULL,3}', '{{a,"b c"},{"NULL",NULL}}',
  '[1,10)', '[2020-01-01 00:00+00,)', '{[1,2),[5,9)}', '[1.5,2.5]', 'it''s ok', 99.99, '(1,"a ""b"", c")',
  'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '::1/64', '10.0.0.0/8', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05',
  'fat:2A cat:3', 'fat & !rat', '294276-12-31 23:59:59.999999+00', '4713-01-01 00:00:00 BC', 'infinity', '24:00:00',
  '12:34:56.789+05:30', '-1 year -2 mons +3 days -04:05:06.789', B'10101', B'1', '<a b="c">d</a>',
  '"k\"1"=>"v", n=>NULL', 'MiXed', 'a.b.c', '(1.5,-2)', '{1,2,3}', '[(0,0),(1,1)]', '(2,2),(0,0)', '[(0,0),(1,2)]',
  '((0,0),(1,1),(1,0))', '<(0,0),5>', E'tab\t newline\n return\r backslash \\ \\. quote '' " 😀 \x01', '', 'pad',
  'a name', true, 4294967295, '16/B374D848', 'pg_class', '$.a[*] ? (@ > 1)', 'Ärger'),
 (NULL, 0, 0, 0, 0, 0, 'NaN', 0, '', 'null', 'null', '{}', '{}', 'empty', 'empty', '{}', 'empty', 'sad', 0, NULL,
  NULL, NULL, NULL, NULL, NULL, '', '', '-infinity', 'infinity', '-infinity', '0:0', '0:0+0', '0', B'00000', B'', NULL,
  '', '', '', NULL, NULL, NULL, NULL, NULL, NULL, NULL, E'\\N', '\.', '', '', false, 0, '0/0', NULL, NULL, 'Arger');
INSERT INTO kinds (t) SELECT repeat(md5(g::text), 40) FROM generate_series(1, 500) g;
CREATE TABLE "Odd schema"."a table, with ""quotes"" and $dollar$ -- dash" (
  "select" int, "with space" text, "ümlaut" text, "-dash" int);
INSERT INTO "Odd schema"."a table, with ""quotes"" and $dollar$ -- dash" VALUES (1, 'x|y', E'\u00fc', -1), (2, NULL, '', 0);
CREATE TABLE "naïve ""quoted"""."host=x" (v int DEFAULT 7);
INSERT INTO "naïve ""quoted"""."host=x" DEFAULT VALUES;
CREATE TABLE "line
break" (v int); INSERT INTO "line
break" VALUES (1), (2), (3);
CREATE TABLE empty_columns (); INSERT INTO empty_columns DEFAULT VALUES;
CREATE TABLE measured (at date NOT NULL, v int) PARTITION BY RANGE (at);
CREATE TABLE measured_2020 PARTITION OF measured FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE measured_rest PARTITION OF measured DEFAULT PARTITION BY HASH (v);
CREATE TABLE measured_h0 PARTITION OF measured_rest FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE measured_h1 PARTITION OF measured_rest FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO measured SELECT date '2020-06-01' + g * 20, g FROM generate_series(1, 100) g;
CREATE TABLE parent (p int PRIMARY KEY, w text); CREATE TABLE child (k int) INHERITS (parent);
INSERT INTO parent VALUES (1, 'p'); INSERT INTO child VALUES (2, 'c', 3);
CREATE UNLOGGED TABLE unlogged (v int); INSERT INTO unlogged VALUES (1);
CREATE TABLE refers (p int REFERENCES parent (p) DEFERRABLE INITIALLY DEFERRED, UNIQUE (p), EXCLUDE USING gist (int4range(p, p + 1) WITH &&));
INSERT INTO refers VALUES (1);
CREATE SEQUENCE counter INCREMENT -3 MINVALUE -1000 MAXVALUE 5 START 5 CYCLE CACHE 2; SELECT nextval('counter'), nextval('counter');
CREATE VIEW seen AS SELECT p, w FROM parent WHERE w <> 'x' WITH LOCAL CHECK OPTION;
CREATE MATERIALIZED VIEW summed AS SELECT count(*) AS n, sum(v) AS s FROM measured;
CREATE MATERIALIZED VIEW never AS SELECT 1 AS one WITH NO DATA;
CREATE INDEX kinds_jb ON kinds USING gin (jb); CREATE INDEX kinds_part ON kinds (lower(t)) WHERE i4 > 5;
CREATE FUNCTION noisy() RETURNS trigger LANGUAGE plpgsql AS $f$
BEGIN -- COPY nothing FROM stdin;
  INSERT INTO public.audit (what) VALUES ('changed; \. $x$'); RETURN NEW; END $f$;
CREATE TABLE audit (id serial PRIMARY KEY, what text);
CREATE TRIGGER noisy AFTER INSERT ON parent FOR EACH ROW EXECUTE FUNCTION noisy();
INSERT INTO parent VALUES (77, 'after the trigger');
CREATE PROCEDURE done(INOUT a int) LANGUAGE sql AS 'SELECT a + 1';
CREATE AGGREGATE product(int) (sfunc = int4mul, stype = int, initcond = '1');
CREATE OPERATOR === (leftarg = int, rightarg = int, function = int4eq);
CREATE CAST (pair AS mood) WITH INOUT;
CREATE RULE quiet AS ON DELETE TO unlogged DO INSTEAD NOTHING;
CREATE TABLE guarded (who text, v int); ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON guarded FOR SELECT TO data_owner USING (who = current_user);
INSERT INTO guarded VALUES ('data_owner', 1), ('other', 2);
CREATE STATISTICS related (dependencies) ON i2, i4 FROM kinds;
CREATE PUBLICATION changes FOR TABLE parent;
COMMENT ON TABLE kinds IS E'it''s a "comment"; -- with\nlines 😀'; COMMENT ON COLUMN kinds.n IS 'number';
GRANT SELECT ON kinds TO data_owner; GRANT UPDATE (t) ON kinds TO data_owner WITH GRANT OPTION;
GRANT USAGE ON SCHEMA "Odd schema" TO PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE data_owner IN SCHEMA public GRANT SELECT ON TABLES TO PUBLIC;
ALTER TABLE audit OWNER TO data_owner; ALTER FUNCTION noisy() OWNER TO data_owner;
SELECT lo_from_bytea(424242, '\x0001fe00ff'); COMMENT ON LARGE OBJECT 424242 IS 'large';
SELECT lo_from_bytea(0, decode(repeat('ab00', 300000), 'hex'));
GRANT SELECT ON LARGE OBJECT 424242 TO data_owner;
)SQL";

/// A line of name, number of rows and digest for each table, and what else holds data.
inline constexpr const char* kDigests = R"SQL(
SET extra_float_digits = 3; SET timezone = 'UTC';
CREATE FUNCTION pg_temp.digest(t regclass) RETURNS text LANGUAGE plpgsql AS $$
DECLARE out text; BEGIN
  EXECUTE format('SELECT count(*) || '' '' || coalesce(md5(string_agg(r::text, E''\n'' ORDER BY r::text COLLATE "C")), '''') FROM ONLY %s r', t)
  INTO out; RETURN out; END $$;
SELECT c.oid::regclass, pg_temp.digest(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND c.relispopulated AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY c.oid::regclass::text COLLATE "C";
SELECT oid, md5(lo_get(oid)), lomowner::regrole, lomacl FROM pg_largeobject_metadata ORDER BY 1;
SELECT schemaname, sequencename, last_value, increment_by FROM pg_sequences ORDER BY 1, 2;
)SQL";

} // namespace test
