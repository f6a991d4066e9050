-- What staff call a customer, for promotions to go by.
ALTER TABLE accounts ADD COLUMN groups text[] NOT NULL DEFAULT '{}',
    ADD CHECK (kind = 'customer' OR groups = '{}');
