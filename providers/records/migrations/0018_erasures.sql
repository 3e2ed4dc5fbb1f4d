-- Receipts of what was erased: how much of what, never whose.

CREATE TABLE erasures (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    platform  text        NOT NULL,
    account   text        NOT NULL,
    asked_by  text        NOT NULL,
    began_at  timestamptz NOT NULL,
    ended_at  timestamptz NOT NULL DEFAULT now(),
    runs      text[]      NOT NULL DEFAULT '{}', -- of histories: Temporal takes up to a minute to delete them
    erased    jsonb       NOT NULL, -- rows, by table; histories; files
    kept      jsonb       NOT NULL  -- rows that are kept without the customer, by table
);

-- What operators did stays as it was written; only whom they did it for may be taken out, when that customer is erased.
CREATE OR REPLACE FUNCTION keep_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.conversation_id ~ '^conv:[^:]+:[^:]+:erased$'
       AND split_part(NEW.conversation_id, ':', 2) = split_part(OLD.conversation_id, ':', 2)
       AND split_part(NEW.conversation_id, ':', 3) = split_part(OLD.conversation_id, ':', 3)
       AND (NEW.id, NEW.at, NEW.operator, NEW.via, NEW.act, NEW.address)
           IS NOT DISTINCT FROM (OLD.id, OLD.at, OLD.operator, OLD.via, OLD.act, OLD.address) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'what operators did stays as it was written';
END $$;
