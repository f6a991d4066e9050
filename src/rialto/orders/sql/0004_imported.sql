-- Orders taken in from elsewhere, as history.
ALTER TABLE orders ADD COLUMN imported boolean NOT NULL DEFAULT false;
