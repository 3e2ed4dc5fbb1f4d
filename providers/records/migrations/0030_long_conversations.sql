-- Conversations of thousands of messages: what is asked at every turn must not walk through all of them.
CREATE INDEX idx_outbox_turn ON outbox (conversation_id, turn);
DROP INDEX idx_outbox_conversation;

-- An accepted message that is not written down yet may have been edited: those are few.
CREATE INDEX idx_message_logs_edits ON message_logs (conversation_id) WHERE direction = 'in' AND message_id LIKE '%:edited:%';
