-- How pgbouncer learns the services' passwords (as the database keeps them: salted and hashed). Run it once in the shop's
-- database as its administrator, with a password of your own; the same stands in userlist.txt.
CREATE ROLE rialto_pooler LOGIN PASSWORD 'change me';
CREATE SCHEMA rialto_pooler;
CREATE FUNCTION rialto_pooler.lookup(wanted text) RETURNS TABLE (usename name, passwd text)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.usename, s.passwd FROM pg_catalog.pg_shadow AS s
    WHERE s.usename = wanted AND NOT s.usesuper AND NOT s.userepl AND s.usename LIKE 'rialto\_%'
$$;
REVOKE ALL ON FUNCTION rialto_pooler.lookup(text) FROM PUBLIC;
GRANT USAGE ON SCHEMA rialto_pooler TO rialto_pooler;
GRANT EXECUTE ON FUNCTION rialto_pooler.lookup(text) TO rialto_pooler;
