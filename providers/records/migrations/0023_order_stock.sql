-- What an order took off which shelf, until it is given back: a row that is gone has been given back once and for all.
CREATE TABLE order_stock (
    order_id bigint  NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    platform text    NOT NULL,
    account  text    NOT NULL,
    sku      text    NOT NULL,
    quantity integer NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (order_id, platform, account, sku)
);

-- However an order comes to be cancelled, by us, by hand, or by the shop's own programs. The shelf's rows are locked in
-- the order of their numbers, as they are when an order takes from them. It runs with the rights of who made it: a shelf
-- may be everybody's where the one who cancels sees one account alone.
CREATE FUNCTION give_stock_back() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM FROM catalog JOIN order_stock USING (platform, account, sku)
      WHERE order_id = NEW.id ORDER BY catalog.sku FOR UPDATE OF catalog;
    WITH back AS (DELETE FROM order_stock WHERE order_id = NEW.id RETURNING *)
    UPDATE catalog SET stock = stock + back.quantity, updated_at = clock_timestamp()
      FROM back
     WHERE catalog.platform = back.platform AND catalog.account = back.account AND catalog.sku = back.sku;
    RETURN NULL;
END $$;
CREATE TRIGGER orders_give_stock_back AFTER UPDATE OF status ON orders
    FOR EACH ROW WHEN (NEW.status IN ('cancelled', 'refused') AND OLD.status <> NEW.status)
    EXECUTE FUNCTION give_stock_back();

-- Who waits for goods that are not there, for the list of conversations.
CREATE INDEX idx_orders_short ON orders (conversation_id) WHERE shortage <> '';

-- Who wants no messages they did not ask for: beyond the dialog in which they said so.
ALTER TABLE conversations ADD COLUMN opted_out_at timestamptz;
