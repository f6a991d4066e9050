-- When a product's plan has something to do next: the first moment of its draft. NULL where nothing is planned.
ALTER TABLE products ADD COLUMN planned_at timestamptz;
CREATE INDEX products_planned ON products (planned_at) WHERE planned_at IS NOT NULL;
