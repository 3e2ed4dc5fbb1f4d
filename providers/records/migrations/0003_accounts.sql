-- Accounts, the plans they are on, and the ledger of what they used.

CREATE TABLE plans (
    name                text PRIMARY KEY,
    features            text[]      NOT NULL DEFAULT '{image,audio,video}',
    messages_per_period bigint      CHECK (messages_per_period >= 0), -- NULL: as many as they like
    credits_per_period  bigint      CHECK (credits_per_period >= 0),  -- micro-credits; NULL likewise
    period_days         integer     NOT NULL DEFAULT 30 CHECK (period_days > 0),
    warn_at_percent     integer     NOT NULL DEFAULT 80 CHECK (warn_at_percent BETWEEN 1 AND 100),
    requests_per_minute jsonb       NOT NULL DEFAULT '{}',
    tariff              jsonb       NOT NULL DEFAULT '{}',
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(),
    -- Whoever is on it is never looked up in the ledger, so it must stay what its name says.
    CONSTRAINT unlimited_stays_unlimited
        CHECK (name <> 'unlimited' OR (messages_per_period IS NULL AND credits_per_period IS NULL))
);
INSERT INTO plans (name) VALUES ('unlimited');

CREATE TABLE accounts (
    platform            text        NOT NULL,
    account             text        NOT NULL,
    name                text        NOT NULL DEFAULT '',
    flow                text        NOT NULL DEFAULT '', -- empty: the platform's own
    language            text        NOT NULL DEFAULT '',
    plan                text        NOT NULL DEFAULT 'unlimited' REFERENCES plans (name) ON UPDATE CASCADE,
    options             jsonb       NOT NULL DEFAULT '{}',
    turn_taking         jsonb       NOT NULL DEFAULT '{}', -- only what differs from the platform's own
    requests_per_minute integer     CHECK (requests_per_minute > 0),
    interim_text        text        NOT NULL DEFAULT '',
    exhausted_text      text        NOT NULL DEFAULT '',
    api_base_url        text        NOT NULL DEFAULT '',
    secrets             bytea,      -- encrypted; NULL: none is set
    secret_names        text[]      NOT NULL DEFAULT '{}', -- which are set, for people to see
    retention_days      integer     CHECK (retention_days > 0),
    status              text        NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'off')),
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (platform, account)
);
CREATE INDEX idx_accounts_plan ON accounts (plan);

-- Every running process listens, and forgets what it remembered of the account or plan.
CREATE FUNCTION tell_accounts_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed record := CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    IF TG_TABLE_NAME = 'plans' THEN
        PERFORM pg_notify('accounts_changed', 'plan:' || changed.name);
    ELSE
        PERFORM pg_notify('accounts_changed', 'account:' || changed.platform || ':' || changed.account);
        IF TG_OP = 'UPDATE' AND (OLD.platform, OLD.account) <> (NEW.platform, NEW.account) THEN
            PERFORM pg_notify('accounts_changed', 'account:' || OLD.platform || ':' || OLD.account);
        END IF;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER accounts_changed AFTER INSERT OR UPDATE OR DELETE ON accounts
    FOR EACH ROW EXECUTE FUNCTION tell_accounts_changed();
CREATE TRIGGER plans_changed AFTER INSERT OR UPDATE OR DELETE ON plans
    FOR EACH ROW EXECUTE FUNCTION tell_accounts_changed();

-- What an account has left in the current period: one row, whose lock orders the account's movements.
CREATE TABLE purses (
    platform         text        NOT NULL,
    account          text        NOT NULL,
    period           timestamptz NOT NULL,                                        -- when the current period began
    period_ends      timestamptz NOT NULL,
    granted          bigint      NOT NULL DEFAULT 0 CHECK (granted >= 0),          -- by the plan, in this period
    granted_messages bigint      NOT NULL DEFAULT 0 CHECK (granted_messages >= 0),
    balance          bigint      NOT NULL DEFAULT 0 CHECK (balance >= 0),
    messages_left    bigint      NOT NULL DEFAULT 0 CHECK (messages_left >= 0),
    kept             bigint      NOT NULL DEFAULT 0 CHECK (kept >= 0),             -- of adjustments: outlives the period
    warned_at        timestamptz,                                                 -- in this period
    PRIMARY KEY (platform, account)
);

-- The ledger. A row is a movement, nothing moves without a row, and the sum of an account's rows is its purse.
CREATE TABLE credits (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    platform      text        NOT NULL,
    account       text        NOT NULL,
    period        timestamptz NOT NULL,
    turn_key      text        NOT NULL,
    round         integer     NOT NULL DEFAULT 0, -- a turn that gave back and was tried anew moves again
    movement      text        NOT NULL
                  CHECK (movement IN ('grant', 'reserve', 'commit', 'overrun', 'give_back', 'expire', 'adjust')),
    amount        bigint      NOT NULL,           -- micro-credits; what leaves the purse is negative
    messages      bigint      NOT NULL DEFAULT 0,
    balance       bigint      NOT NULL CHECK (balance >= 0),       -- after it
    messages_left bigint      NOT NULL CHECK (messages_left >= 0), -- after it
    shortfall     bigint      NOT NULL DEFAULT 0 CHECK (shortfall >= 0), -- used, and not covered by the purse
    held          boolean     NOT NULL DEFAULT false, -- a reservation that nothing has settled yet
    usage         jsonb       NOT NULL DEFAULT '{}',
    created_at    timestamptz NOT NULL,
    UNIQUE (turn_key, movement, round),
    FOREIGN KEY (platform, account) REFERENCES purses (platform, account)
);
CREATE INDEX idx_credits_account ON credits (platform, account, id);
CREATE INDEX idx_credits_held ON credits (created_at) WHERE held;

-- A row moves the purse itself, so the two cannot disagree; a purse that would go below zero refuses the row.
CREATE FUNCTION move_purse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE purses
       SET balance = balance + NEW.amount, messages_left = messages_left + NEW.messages
     WHERE platform = NEW.platform AND account = NEW.account
    RETURNING balance, messages_left INTO STRICT NEW.balance, NEW.messages_left;
    NEW.held := NEW.movement = 'reserve';
    IF NEW.movement IN ('commit', 'give_back') THEN
        UPDATE credits SET held = false
         WHERE turn_key = NEW.turn_key AND round = NEW.round AND movement = 'reserve' AND held;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER credits_move_purse BEFORE INSERT ON credits FOR EACH ROW EXECUTE FUNCTION move_purse();

CREATE FUNCTION keep_movements() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a movement stays as it was written: write another one that corrects it';
END $$;
CREATE TRIGGER credits_keep_movements BEFORE DELETE OR UPDATE OF amount, messages, balance, messages_left ON credits
    FOR EACH ROW EXECUTE FUNCTION keep_movements();
