-- Orders from elsewhere are listed like any other; what was sold here does not hold them.
ALTER TABLE orders ADD COLUMN imported boolean NOT NULL DEFAULT false;
