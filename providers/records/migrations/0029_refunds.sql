-- A turn that is decided anew, with more messages, is another turn of the ledger. What the decision before it had paid
-- already comes back: nothing of it went out.
ALTER TABLE credits DROP CONSTRAINT credits_movement_check;
ALTER TABLE credits ADD CONSTRAINT credits_movement_check
    CHECK (movement IN ('grant', 'reserve', 'commit', 'overrun', 'give_back', 'refund', 'expire', 'adjust'));

-- The decisions of one turn: their keys differ behind the last slash.
CREATE INDEX idx_credits_turn ON credits (substring(turn_key FROM '^(.+)/'));
