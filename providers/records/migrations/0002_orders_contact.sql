-- A customer's orders without reading everybody's: the contact is the last piece of the conversation's id.
-- Queries must write the expression letter for letter (providers/records/listings.py).
CREATE INDEX idx_orders_contact ON orders (substring(conversation_id FROM '^conv:[^:]+:[^:]+:(.*)$'), id);
