-- From how many on a SKU counts as running low for staff, the same on all its shelves; NULL: as for everything else.

ALTER TABLE stock ADD COLUMN low_at int CHECK (low_at >= 0);
-- Whether it was low when that was last announced; NULL: as its band says, from before there was more than one number.
ALTER TABLE announced ADD COLUMN low boolean;
