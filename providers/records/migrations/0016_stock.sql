-- What an order promised that the shelf no longer held when it was placed; empty: there was enough of everything.
ALTER TABLE orders ADD COLUMN shortage text NOT NULL DEFAULT '';
