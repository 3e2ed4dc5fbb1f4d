-- What is let go of after an account's own time is found by account and age, without reading everybody's.
-- Queries must write the expressions letter for letter (providers/records/retention.py, disclosures.py).

CREATE INDEX idx_message_logs_age
    ON message_logs (split_part(conversation_id, ':', 2), split_part(conversation_id, ':', 3), "timestamp");
CREATE INDEX idx_decisions_age
    ON decisions (split_part(conversation_id, ':', 2), split_part(conversation_id, ':', 3), at);
CREATE INDEX idx_outbox_age ON outbox (platform, account, updated_at) WHERE state NOT IN ('pending', 'sending');
CREATE INDEX idx_conversations_age ON conversations (platform, account, heard_at);

-- Which parts told a customer that no person writes.
CREATE INDEX idx_outbox_disclosed ON outbox (conversation_id, updated_at) WHERE (part ->> 'discloses') <> '0';
