-- What customers show as proof that they have paid, and what people decided about it.

ALTER TABLE orders
    ADD COLUMN client_name    text NOT NULL DEFAULT '',
    ADD COLUMN payment_method text NOT NULL DEFAULT '',
    ADD COLUMN comment        text NOT NULL DEFAULT '',
    ADD COLUMN kind           text NOT NULL DEFAULT 'order';

CREATE TABLE payments (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payment_key      text        NOT NULL UNIQUE,
    conversation_id  text        NOT NULL,
    platform         text        NOT NULL,
    account          text        NOT NULL,
    contact          text        NOT NULL,
    order_id         bigint REFERENCES orders (id) ON DELETE SET NULL,
    expected         numeric(14, 2),
    currency         text        NOT NULL DEFAULT '',
    expected_payee   text        NOT NULL DEFAULT '',
    -- What was read out of the proof; of several pictures the first that tells it, the amount their sum.
    amount           numeric,
    read_currency    text        NOT NULL DEFAULT '',
    paid_on          text        NOT NULL DEFAULT '',
    reference        text        NOT NULL DEFAULT '',
    payee            text        NOT NULL DEFAULT '',
    link             text        NOT NULL DEFAULT '',
    facts            jsonb       NOT NULL DEFAULT '[]', -- all of it, picture by picture
    media_ids        text[]      NOT NULL DEFAULT '{}',
    marks            text[]      NOT NULL DEFAULT '{}', -- references and links, spelt so that equal ones are equal
    findings         jsonb,                             -- NULL: not compared yet
    approvals_needed integer     NOT NULL DEFAULT 1,
    approved_by      text[]      NOT NULL DEFAULT '{}',
    stage            text        NOT NULL DEFAULT 'waiting',
    urgency          text        NOT NULL DEFAULT 'fresh',
    urgency_rank     smallint    NOT NULL GENERATED ALWAYS AS
                         (CASE urgency WHEN 'escalated' THEN 0 WHEN 'reminded' THEN 1 ELSE 2 END) STORED,
    reason           text        NOT NULL DEFAULT '',
    decided_by       text        NOT NULL DEFAULT '',
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    decided_at       timestamptz
);
CREATE INDEX idx_payments_waiting ON payments (urgency_rank, id) WHERE stage IN ('waiting', 'approved_once');
CREATE INDEX idx_payments_stage ON payments (stage, id);
CREATE INDEX idx_payments_conversation ON payments (conversation_id, id);
CREATE INDEX idx_payments_order ON payments (order_id);
CREATE INDEX idx_payments_marks ON payments USING gin (marks);

-- How each file of a proof looks: a fingerprint of a picture (several views, several rows), a digest of any file.
CREATE TABLE payment_prints (
    payment_id bigint   NOT NULL REFERENCES payments (id) ON DELETE CASCADE,
    platform   text     NOT NULL,
    account    text     NOT NULL,
    media_id   text     NOT NULL,
    view       smallint NOT NULL,
    digest     text     NOT NULL,
    print      bit(1024), -- NULL: it is no picture
    PRIMARY KEY (payment_id, media_id, view)
);
CREATE INDEX idx_payment_prints_tenant ON payment_prints (platform, account);
