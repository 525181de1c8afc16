from django.db import migrations

# A row stays as it was written. Only after 90 days may the name in it and the address be erased, and nothing else: how long
# they are kept is the database's to enforce, so that nobody who has taken over the portal can shorten it.
FORWARD = """
CREATE OR REPLACE FUNCTION audit_entry_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.at < now() - interval '90 days'
            AND NEW.actor IN ('', OLD.actor)
            AND NEW.details = OLD.details - 'address'
            AND (NEW.id, NEW.at, NEW.action, NEW.meeting) = (OLD.id, OLD.at, OLD.action, OLD.meeting)
        THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
"""
BACKWARD = """
CREATE OR REPLACE FUNCTION audit_entry_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_append_only")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
