-- Operators who see some accounts only, and the rows they may touch: kept by PostgreSQL itself, so that a query which
-- forgot to ask whose rows it reads finds nothing of anybody else's. See docs/decisions/0020-tenancy.md.

ALTER TABLE operators ADD COLUMN accounts text[] NOT NULL DEFAULT '{}'; -- 'platform/account'; empty: all of them

-- Whether rows of this account may be touched now. `everturn.accounts`: 'platform/account', with spaces between.
CREATE FUNCTION is_within(platform text, account text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
RETURN platform || '/' || account = ANY (string_to_array(current_setting('everturn.accounts', true), ' '));

-- A role is the whole server's. Who may not make one keeps a house where nobody can be confined, which says so.
DO $$
BEGIN
    CREATE ROLE everturn_confined NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN NULL;
END $$;
DO $$
BEGIN
    GRANT everturn_confined TO CURRENT_USER;
EXCEPTION WHEN undefined_object OR insufficient_privilege OR invalid_grant_operation OR unique_violation THEN NULL;
END $$;

-- Confines every table that knows an account or a conversation; to be called again after such a table was added.
CREATE FUNCTION confine_tables() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    known record;
    own text;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'everturn_confined') THEN
        RETURN;
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO everturn_confined', current_schema());
    FOR known IN
        SELECT tables.table_name AS name,
               bool_or(column_name = 'platform') AND bool_or(column_name = 'account') AS has_account,
               bool_or(column_name = 'conversation_id') AS has_conversation
          FROM information_schema.tables JOIN information_schema.columns USING (table_schema, table_name)
         WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' AND table_name <> 'audit_log'
         GROUP BY 1
    LOOP
        CONTINUE WHEN NOT (known.has_account OR known.has_conversation);
        own := CASE WHEN known.has_account THEN 'is_within(platform, account)'
                    ELSE 'is_within(split_part(conversation_id, '':'', 2), split_part(conversation_id, '':'', 3))' END;
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', known.name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO everturn_confined', known.name);
        EXECUTE format('DROP POLICY IF EXISTS everybody_else ON %I', known.name);
        EXECUTE format('DROP POLICY IF EXISTS own_accounts ON %I', known.name);
        EXECUTE format('DROP POLICY IF EXISTS of_all ON %I', known.name);
        EXECUTE format('CREATE POLICY everybody_else ON %I USING (current_user <> ''everturn_confined'')', known.name);
        EXECUTE format('CREATE POLICY own_accounts ON %I TO everturn_confined USING (%s)', known.name, own);
        IF known.has_account THEN -- what belongs to every account may be read
            EXECUTE format('CREATE POLICY of_all ON %I FOR SELECT TO everturn_confined USING (account = ''*'')', known.name);
        END IF;
    END LOOP;
    GRANT SELECT ON model_state TO everturn_confined;
END $$;
SELECT confine_tables();
