-- Codes of promotions as pricing writes them, in the order they were added.
ALTER TABLE carts ADD COLUMN codes text[] NOT NULL DEFAULT '{}' CHECK (cardinality(codes) <= 5);
