-- Where an answer was taken from, for operators; and the questions the shop's documents do not answer.

ALTER TABLE decisions
    ADD COLUMN sources    text[]  NOT NULL DEFAULT '{}',
    ADD COLUMN unanswered boolean NOT NULL DEFAULT false;
CREATE INDEX idx_decisions_unanswered ON decisions (at) WHERE unanswered;
