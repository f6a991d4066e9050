-- Goods that came back from a customer and are fit for sale: a movement of their own kind, once per order, line and step.
-- The wider check admits all that the narrower one did, so the previous release goes on beside it.
ALTER TABLE movements DROP CONSTRAINT movements_kind_check;
ALTER TABLE movements ADD CONSTRAINT movements_kind_check
    CHECK (kind IN ('correction', 'reserve', 'consume', 'release', 'restock', 'return'));
CREATE UNIQUE INDEX movements_returned_once ON movements (cause) WHERE kind = 'return';
