-- The inbox keeps what was heard while Temporal was away, whatever it is, and remembers what could not be handed over.

ALTER TABLE inbox
    ADD COLUMN platform   text    NOT NULL DEFAULT '',
    ADD COLUMN account    text    NOT NULL DEFAULT '',
    ADD COLUMN kind       text    NOT NULL DEFAULT 'message',
    ADD COLUMN opens      boolean NOT NULL DEFAULT true,
    ADD COLUMN attempts   integer NOT NULL DEFAULT 0,
    ADD COLUMN next_at    timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN last_error text    NOT NULL DEFAULT '';
CREATE INDEX idx_inbox_conversation ON inbox (conversation_id, id);
