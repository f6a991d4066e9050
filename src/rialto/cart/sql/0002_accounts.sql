-- Carts of accounts, wishlists, and who is to be forgotten. An account's rows stand in the account's bucket.

ALTER TABLE carts ADD COLUMN account_id uuid;
ALTER TABLE carts ADD COLUMN merged_into uuid;
-- What a merge brought and told: {"added": {sku: quantity}, "conflicts": [...]}. A repeat answers from it.
ALTER TABLE carts ADD COLUMN merge json;

ALTER TABLE carts DROP CONSTRAINT carts_status_check;
ALTER TABLE carts ADD CONSTRAINT carts_status_check CHECK (status IN ('open', 'ordered', 'merged'));
ALTER TABLE carts ADD CONSTRAINT carts_merged_check CHECK (status <> 'merged' OR (merged_into IS NOT NULL AND merge IS NOT NULL));
ALTER TABLE carts ADD CONSTRAINT carts_account_check CHECK (
    account_id IS NULL
    OR (get_byte(uuid_send(account_id), 6) & 15) * 256 + get_byte(uuid_send(account_id), 7) = bucket
);

-- The fence of "one open cart": of two requests that make it at once, one finds the other's.
CREATE UNIQUE INDEX carts_open_of_account ON carts (bucket, account_id, channel)
    WHERE status = 'open' AND account_id IS NOT NULL;
CREATE INDEX carts_of_account ON carts (bucket, account_id) WHERE account_id IS NOT NULL;

-- An order has its own copy of whom it is for: from now on a cart's contact goes when the cart is ordered.
DELETE FROM contacts USING carts
WHERE carts.bucket = contacts.bucket AND carts.id = contacts.cart_id AND carts.status <> 'open';

-- `item` is a SKU or a product's id; `sku` the variant that is shown for it.
CREATE TABLE wishes (
    bucket smallint NOT NULL,
    account_id uuid NOT NULL,
    item text NOT NULL,
    sku text NOT NULL,
    wished_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, account_id, item),
    CHECK ((get_byte(uuid_send(account_id), 6) & 15) * 256 + get_byte(uuid_send(account_id), 7) = bucket)
);

-- Accounts that were erased, until the last access token of theirs has run out: what was written meanwhile goes too.
CREATE TABLE erasures (
    bucket smallint NOT NULL,
    account_id uuid NOT NULL,
    due_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, account_id)
);
