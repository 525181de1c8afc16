from django.db import migrations, models

# The form that is hashed stands in audit/models.py, and conclave.audit reads it.
FORMS = """
CREATE FUNCTION audit_sha256(form jsonb) RETURNS text LANGUAGE sql IMMUTABLE
    AS $$ SELECT encode(sha256(convert_to(form::text, 'UTF8')), 'hex') $$;
CREATE FUNCTION audit_sealed(salt text, actor text, details jsonb) RETURNS text LANGUAGE sql IMMUTABLE
    AS $$ SELECT audit_sha256(jsonb_build_array(salt, actor, coalesce(details ->> 'address', ''))) $$;
CREATE FUNCTION audit_hash(entry audit_entry) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT audit_sha256(jsonb_build_array(
        entry.number, entry.previous, to_char(entry.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        entry.action, entry.who, entry.meeting, entry.sealed, (entry.details - 'address')::text))
$$;
"""

# One row each. The head is locked by whoever adds to the chain; the policy is the owner's, from the site's configuration.
TABLES = """
CREATE TABLE audit_head (one boolean PRIMARY KEY DEFAULT true CHECK (one), number bigint NOT NULL, hash text NOT NULL);
INSERT INTO audit_head (number, hash) VALUES (0, repeat('0', 64));
CREATE TABLE audit_policy (one boolean PRIMARY KEY DEFAULT true CHECK (one), days integer NOT NULL CHECK (days > 0));
INSERT INTO audit_policy (days) VALUES (90);
"""

# `begin` runs as an entry is added. The rest runs when its transaction ends: a lock that is the last one taken cannot be part
# of a deadlock. `seal` alone would not be the last, for checks of foreign keys may have been put off until after it; what it
# changes puts `link` off until after those.
TRIGGERS = """
CREATE FUNCTION audit_entry_begin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.at := clock_timestamp();
    NEW.salt := gen_random_uuid()::text;
    NEW.number := NULL;
    NEW.previous := '';
    NEW.hash := '';
    NEW.sealed := '';
    RETURN NEW;
END $$;
CREATE FUNCTION audit_entry_seal() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE audit_entry SET sealed = audit_sealed(salt, actor, details) WHERE id = NEW.id;
    RETURN NULL;
END $$;
CREATE FUNCTION audit_entry_link() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    head audit_head;
    entry audit_entry := NEW;
BEGIN
    SELECT * INTO STRICT head FROM audit_head FOR UPDATE;
    entry.number := head.number + 1;
    entry.previous := head.hash;
    entry.hash := audit_hash(entry);
    UPDATE audit_entry SET number = entry.number, previous = entry.previous, hash = entry.hash WHERE id = NEW.id;
    UPDATE audit_head SET number = entry.number, hash = entry.hash;
    RETURN NULL;
END $$;

-- A row stays as it was written. Only when its time is over may the name in it and the address be erased, and nothing else: how
-- long they are kept is the database's to enforce, so that nobody who has taken over the portal can shorten it.
CREATE OR REPLACE FUNCTION audit_entry_is_final() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (NEW.id, NEW.at, NEW.action, NEW.who, NEW.meeting) = (OLD.id, OLD.at, OLD.action, OLD.who, OLD.meeting) THEN
            IF OLD.hash = '' AND (NEW.actor, NEW.details, NEW.salt) = (OLD.actor, OLD.details, OLD.salt) THEN
                RETURN NEW;
            END IF;
            IF OLD.at < now() - (SELECT make_interval(days => days) FROM audit_policy)
                AND NEW.actor IN ('', OLD.actor)
                AND NEW.details = OLD.details - 'address'
                AND NEW.salt = ''
                AND (NEW.number, NEW.previous, NEW.hash, NEW.sealed)
                    = (OLD.number, OLD.previous, OLD.hash, OLD.sealed)
            THEN
                RETURN NEW;
            END IF;
        END IF;
    END IF;
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
"""

# Entries of an earlier release, in their order.
LINK_ALL = """
ALTER TABLE audit_entry DISABLE TRIGGER USER;
DO $$
DECLARE
    entry audit_entry;
    head audit_head;
BEGIN
    SELECT * INTO STRICT head FROM audit_head FOR UPDATE;
    FOR entry IN SELECT * FROM audit_entry ORDER BY id LOOP
        entry.salt := gen_random_uuid()::text;
        entry.sealed := audit_sealed(entry.salt, entry.actor, entry.details);
        entry.number := head.number + 1;
        entry.previous := head.hash;
        entry.hash := audit_hash(entry);
        UPDATE audit_entry SET (salt, sealed, number, previous, hash)
            = (entry.salt, entry.sealed, entry.number, entry.previous, entry.hash) WHERE id = entry.id;
        head.number := entry.number;
        head.hash := entry.hash;
    END LOOP;
    UPDATE audit_head SET number = head.number, hash = head.hash;
END $$;
ALTER TABLE audit_entry ENABLE TRIGGER USER;

CREATE TRIGGER audit_entry_begins BEFORE INSERT ON audit_entry FOR EACH ROW EXECUTE FUNCTION audit_entry_begin();
CREATE CONSTRAINT TRIGGER audit_entry_seals AFTER INSERT ON audit_entry DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_entry_seal();
CREATE CONSTRAINT TRIGGER audit_entry_links AFTER UPDATE ON audit_entry DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.sealed = '' AND NEW.sealed <> '') EXECUTE FUNCTION audit_entry_link();
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_erasure")]
    operations = [
        migrations.AddField("entry", "who", models.CharField(blank=True, db_default="", max_length=32)),
        migrations.AddField("entry", "number", models.BigIntegerField(editable=False, null=True, unique=True)),
        migrations.AddField("entry", "previous", models.CharField(db_default="", editable=False, max_length=64)),
        migrations.AddField("entry", "hash", models.CharField(db_default="", editable=False, max_length=64)),
        migrations.AddField("entry", "sealed", models.CharField(db_default="", editable=False, max_length=64)),
        migrations.AddField("entry", "salt", models.CharField(db_default="", editable=False, max_length=36)),
        migrations.RunSQL(FORMS + TABLES + TRIGGERS + LINK_ALL),
    ]
