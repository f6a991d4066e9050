-- Orders of accounts: whose an order is, an account's list, and the directories that lead from an e-mail to its orders.

ALTER TABLE orders ADD COLUMN account_id uuid;
CREATE INDEX orders_of_account ON orders (bucket, account_id) WHERE account_id IS NOT NULL;

-- An account's list: pointers in the account's bucket, to orders that may stand in any, with what a list shows of them.
CREATE TABLE order_index (
    bucket smallint NOT NULL,
    account_id uuid NOT NULL,
    order_id uuid NOT NULL,
    placed_at timestamptz NOT NULL,
    version int NOT NULL,
    number text NOT NULL,
    status text NOT NULL,
    payment_status text NOT NULL,
    fulfilment_status text NOT NULL,
    currency char(3) NOT NULL,
    total bigint NOT NULL,
    PRIMARY KEY (bucket, account_id, order_id),
    CHECK ((get_byte(uuid_send(account_id), 6) & 15) * 256 + get_byte(uuid_send(account_id), 7) = bucket)
) WITH (fillfactor = 80);
CREATE INDEX order_index_newest ON order_index (bucket, account_id, placed_at DESC, order_id DESC);

-- Guests' orders by e-mail, in the bucket of its hash, until an account that has proven the e-mail takes them over.
-- `due_at`: when to look whether it can.
CREATE TABLE email_orders (
    bucket smallint NOT NULL,
    email_hash bytea NOT NULL CHECK (length(email_hash) = 32),
    order_id uuid NOT NULL,
    due_at timestamptz,
    PRIMARY KEY (bucket, email_hash, order_id),
    CHECK ((get_byte(email_hash, 0) * 256 + get_byte(email_hash, 1)) % 1024 = bucket)
);
CREATE INDEX email_orders_due ON email_orders (due_at) WHERE due_at IS NOT NULL;

-- Which account has proven an e-mail. `due_at`: when to look once more for orders that were started meanwhile.
CREATE TABLE email_accounts (
    bucket smallint NOT NULL,
    email_hash bytea NOT NULL CHECK (length(email_hash) = 32),
    account_id uuid NOT NULL,
    due_at timestamptz,
    PRIMARY KEY (bucket, email_hash),
    CHECK ((get_byte(email_hash, 0) * 256 + get_byte(email_hash, 1)) % 1024 = bucket)
);
-- Not unique, and without the bucket: erasing an account looks its e-mails up in the background.
CREATE INDEX email_accounts_of_account ON email_accounts (account_id);
CREATE INDEX email_accounts_due ON email_accounts (due_at) WHERE due_at IS NOT NULL;

-- Orders from before this release. Their e-mails are ASCII, of which the database makes the same small letters as we do.
INSERT INTO email_orders (bucket, email_hash, order_id)
SELECT (get_byte(hash, 0) * 256 + get_byte(hash, 1)) % 1024, hash, order_id
FROM (
    SELECT c.order_id, sha256(convert_to('rialto:email:' || lower(btrim(c.email)), 'UTF8')) AS hash
    FROM contacts AS c JOIN orders AS o ON o.bucket = c.bucket AND o.id = c.order_id
    WHERE o.placed_at IS NOT NULL OR o.status = 'pending'
) AS former;

-- Accounts that were erased, until the last access token of theirs has run out: what was written meanwhile goes too.
CREATE TABLE erasures (
    bucket smallint NOT NULL,
    account_id uuid NOT NULL,
    due_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, account_id)
);
