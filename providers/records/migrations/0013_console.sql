-- The operators' console: who they are, what they did, and a book of conversations that a list can be made of at once.

CREATE TABLE operators (
    name          text PRIMARY KEY,
    role          text        NOT NULL CHECK (role IN ('operator', 'manager')),
    password_hash text        NOT NULL,
    is_disabled   boolean     NOT NULL DEFAULT false,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now()
);
-- Nobody can pass for somebody else by the size of a letter.
CREATE UNIQUE INDEX idx_operators_name ON operators (lower(name));

CREATE TABLE operator_sessions (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest     bytea       NOT NULL UNIQUE, -- of the cookie's value, which only the browser knows
    operator   text        NOT NULL,
    credential bytea       NOT NULL,        -- of what was logged in with: a changed password or token ends the session
    address    text        NOT NULL DEFAULT '',
    browser    text        NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL
);
CREATE INDEX idx_operator_sessions_operator ON operator_sessions (lower(operator));

-- Attempts to log in, by name and by address (digests: what is typed as a name may be a password).
CREATE TABLE login_attempts (
    what     bytea PRIMARY KEY,
    failures integer     NOT NULL,
    last_at  timestamptz NOT NULL,
    next_at  timestamptz NOT NULL
);

CREATE TABLE audit_log (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at              timestamptz NOT NULL DEFAULT now(),
    operator        text        NOT NULL,
    via             text        NOT NULL CHECK (via IN ('console', 'api', 'command')),
    act             text        NOT NULL,
    conversation_id text        NOT NULL DEFAULT '',
    subject         text        NOT NULL DEFAULT '', -- an order, a letter, an account, an operator
    address         text        NOT NULL DEFAULT '',
    outcome         text        NOT NULL DEFAULT 'done'
);
CREATE INDEX idx_audit_log_conversation ON audit_log (conversation_id, id) WHERE conversation_id <> '';
CREATE INDEX idx_audit_log_operator ON audit_log (lower(operator), id);

CREATE FUNCTION keep_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what operators did stays as it was written';
END $$;
CREATE TRIGGER audit_log_stays BEFORE UPDATE OR DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION keep_audit_log();

CREATE TABLE canned_texts (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    platform   text        NOT NULL DEFAULT '*', -- '*': of every platform, and then of every account
    account    text        NOT NULL DEFAULT '*',
    title      text        NOT NULL,
    text       text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (platform, account, title)
);

-- Words as people look for them. Where the server's locale is C its own parser takes every sign that is not ASCII for a
-- letter, quotation marks and dashes too; so the words are cut here.
CREATE FUNCTION words_of(said text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN to_tsvector('simple'::regconfig, regexp_replace(lower(said), '[^[:alnum:]]+', ' ', 'g'));

-- One row a conversation: what a list shows. What was said comes from our books; holder, phase and attention belong to
-- the conversation's workflow, and are brought here from Temporal's list and from its own answers.
CREATE TABLE conversations (
    id             text PRIMARY KEY,
    platform       text        NOT NULL,
    account        text        NOT NULL,
    contact        text        NOT NULL,
    name           text        NOT NULL DEFAULT '',
    last_line      bigint      NOT NULL DEFAULT 0,  -- in message_logs
    last_text      text        NOT NULL DEFAULT '',
    last_kind      text        NOT NULL DEFAULT 'text',
    last_direction text        NOT NULL DEFAULT 'in',
    last_at        timestamptz NOT NULL,
    heard_at       timestamptz NOT NULL,            -- by our clock
    waiting_since  timestamptz,                     -- the first message that nobody has answered
    letters        integer     NOT NULL DEFAULT 0,  -- dead ones
    payments       integer     NOT NULL DEFAULT 0,  -- proofs that wait for a person
    flow           text        NOT NULL DEFAULT '',
    phase          text        NOT NULL DEFAULT '',
    holder         text        NOT NULL DEFAULT 'assistant',
    held_by        text        NOT NULL DEFAULT '',
    attention      text        NOT NULL DEFAULT '',
    status         text        NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'closed', 'failed')),
    asked_at       timestamptz NOT NULL DEFAULT 'epoch', -- when the workflow itself was asked
    search         tsvector    GENERATED ALWAYS AS (words_of(name || ' ' || contact)) STORED
);
CREATE INDEX idx_conversations_open ON conversations (last_at DESC, id DESC) WHERE status = 'open';
CREATE INDEX idx_conversations_attention ON conversations (attention, last_at) WHERE attention <> '' AND status = 'open';
CREATE INDEX idx_conversations_letters ON conversations (last_at) WHERE letters > 0;
CREATE INDEX idx_conversations_payments ON conversations (last_at) WHERE payments > 0;
CREATE INDEX idx_conversations_held_by ON conversations (lower(held_by), last_at) WHERE held_by <> '' AND status = 'open';
CREATE INDEX idx_conversations_failed ON conversations (last_at) WHERE status = 'failed';
CREATE INDEX idx_conversations_contact ON conversations (contact text_pattern_ops);
CREATE INDEX idx_conversations_search ON conversations USING gin (search);
CREATE INDEX idx_message_logs_search ON message_logs USING gin (words_of(text));
CREATE INDEX idx_dead_letters_conversation ON dead_letters (conversation_id);

-- Until when Temporal's list of ended conversations has been brought here.
CREATE TABLE visibility_marks (
    one      boolean PRIMARY KEY DEFAULT true CHECK (one),
    ended_to timestamptz NOT NULL
);

-- What the platform calls the customer comes with a message.
ALTER TABLE message_logs ADD COLUMN name text NOT NULL DEFAULT '';

CREATE FUNCTION note_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO conversations AS known (id, platform, account, contact, name, last_line, last_text, last_kind,
                                            last_direction, last_at, heard_at, waiting_since)
        VALUES (NEW.conversation_id, split_part(NEW.conversation_id, ':', 2), split_part(NEW.conversation_id, ':', 3),
                NEW.client_id, NEW.name, NEW.id, left(NEW.text, 200), NEW.kind, NEW.direction, NEW."timestamp",
                clock_timestamp(), CASE WHEN NEW.direction = 'in' THEN NEW."timestamp" END)
        ON CONFLICT (id) DO UPDATE
           SET name = CASE WHEN excluded.name = '' THEN known.name ELSE excluded.name END,
               last_line = excluded.last_line, last_text = excluded.last_text, last_kind = excluded.last_kind,
               last_direction = excluded.last_direction, last_at = excluded.last_at, heard_at = excluded.heard_at,
               waiting_since = CASE WHEN NEW.direction = 'in' THEN coalesce(known.waiting_since, NEW."timestamp")
                                    WHEN NEW.success THEN NULL
                                    ELSE known.waiting_since END,
               status = 'open';
    ELSIF (NEW.text, NEW.success) IS DISTINCT FROM (OLD.text, OLD.success) THEN
        -- Taken back, delivered after all, or not: a list that still showed the words would be wrong.
        UPDATE conversations SET last_text = left(NEW.text, 200), heard_at = clock_timestamp()
         WHERE id = NEW.conversation_id AND last_line = NEW.id;
        PERFORM pg_notify('console', NEW.conversation_id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER message_logs_note_line AFTER INSERT OR UPDATE OF text, success ON message_logs
    FOR EACH ROW EXECUTE FUNCTION note_line();

CREATE FUNCTION note_letters() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    of_conversation text := CASE WHEN TG_OP = 'DELETE' THEN OLD.conversation_id ELSE NEW.conversation_id END;
BEGIN
    UPDATE conversations
       SET letters = (SELECT count(*) FROM dead_letters WHERE dead_letters.conversation_id = of_conversation)
     WHERE id = of_conversation;
    RETURN NULL;
END $$;
CREATE TRIGGER dead_letters_note AFTER INSERT OR DELETE ON dead_letters FOR EACH ROW EXECUTE FUNCTION note_letters();

CREATE FUNCTION note_payments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE conversations
       SET payments = (SELECT count(*) FROM payments
                        WHERE payments.conversation_id = NEW.conversation_id AND stage IN ('waiting', 'approved_once'))
     WHERE id = NEW.conversation_id;
    RETURN NULL;
END $$;
CREATE TRIGGER payments_note AFTER INSERT OR UPDATE OF stage ON payments
    FOR EACH ROW EXECUTE FUNCTION note_payments();

-- Every process with open consoles listens.
CREATE FUNCTION tell_console() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'conversations' THEN
        PERFORM pg_notify('console', NEW.id);
    ELSIF TG_TABLE_NAME = 'receipts' THEN
        PERFORM pg_notify('console', outbox.conversation_id) FROM outbox
          WHERE outbox.platform = NEW.platform AND outbox.account = NEW.account
            AND outbox.message_id = NEW.message_id AND NEW.message_id <> '';
    ELSE
        PERFORM pg_notify('console', NEW.conversation_id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER conversations_tell_insert AFTER INSERT ON conversations FOR EACH ROW EXECUTE FUNCTION tell_console();
CREATE TRIGGER conversations_tell_update
    AFTER UPDATE OF name, last_line, last_text, waiting_since, letters, payments, phase, holder, held_by, attention, status
    ON conversations FOR EACH ROW EXECUTE FUNCTION tell_console();
CREATE TRIGGER receipts_tell AFTER INSERT OR UPDATE ON receipts FOR EACH ROW EXECUTE FUNCTION tell_console();
-- A part under way is told once it is sent (its line is written then) or when it must wait.
CREATE TRIGGER outbox_tell AFTER INSERT OR UPDATE OF state ON outbox
    FOR EACH ROW WHEN (NEW.state IN ('pending', 'unknown', 'dead', 'dropped')) EXECUTE FUNCTION tell_console();
CREATE TRIGGER payments_tell AFTER INSERT OR UPDATE ON payments FOR EACH ROW EXECUTE FUNCTION tell_console();

-- What is in the books already.
INSERT INTO conversations (id, platform, account, contact, last_line, last_text, last_kind, last_direction, last_at,
                           heard_at, waiting_since, letters)
SELECT DISTINCT ON (conversation_id)
       conversation_id, split_part(conversation_id, ':', 2), split_part(conversation_id, ':', 3), client_id, id,
       left(text, 200), kind, direction, "timestamp", "timestamp", CASE WHEN direction = 'in' THEN "timestamp" END,
       (SELECT count(*) FROM dead_letters WHERE dead_letters.conversation_id = message_logs.conversation_id)
  FROM message_logs ORDER BY conversation_id, id DESC;
