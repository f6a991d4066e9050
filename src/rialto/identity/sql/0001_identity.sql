-- Accounts, what proves them, and their sessions. Customers and staff stand in the same tables.
--
-- The bucket is the first column of every key, so that the tables can be distributed by it. Rows of one account
-- share its bucket; rows about an e-mail stand in the bucket of the e-mail's hash. There are no foreign keys:
-- what belongs together is written in one transaction, and no account is ever deleted.

CREATE TABLE accounts (
    bucket smallint NOT NULL CHECK (bucket BETWEEN 0 AND 1023),
    id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('customer', 'staff')),
    email text NOT NULL CHECK (length(email) BETWEEN 3 AND 254),
    name text NOT NULL CHECK (length(name) <= 120),
    roles text[] NOT NULL,
    active boolean NOT NULL,
    version int NOT NULL CHECK (version > 0),
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, id),
    CHECK (kind = 'staff' OR roles = '{}'),
    CHECK ((get_byte(uuid_send(id), 6) & 15) * 256 + get_byte(uuid_send(id), 7) = bucket)
);

-- `hash` is argon2id in PHC form; passkeys and one-time passwords are further kinds.
CREATE TABLE credentials (
    bucket smallint NOT NULL,
    account_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('password')),
    hash text NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, account_id, kind),
    CHECK ((get_byte(uuid_send(account_id), 6) & 15) * 256 + get_byte(uuid_send(account_id), 7) = bucket)
);

-- One row is one family of refresh tokens: the hash of the one that is good now, and how often it was rotated.
CREATE TABLE sessions (
    bucket smallint NOT NULL,
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    generation int NOT NULL CHECK (generation > 0),
    token_hash bytea NOT NULL CHECK (length(token_hash) = 32),
    device text NOT NULL CHECK (length(device) <= 200),
    started_at timestamptz NOT NULL,
    rotated_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    end_reason text,
    PRIMARY KEY (bucket, id),
    CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
    CHECK ((get_byte(uuid_send(id), 6) & 15) * 256 + get_byte(uuid_send(id), 7) = bucket),
    CHECK ((get_byte(uuid_send(account_id), 6) & 15) * 256 + get_byte(uuid_send(account_id), 7) = bucket)
);
CREATE INDEX sessions_of_account ON sessions (bucket, account_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- From an e-mail to its account. A claim comes first and is confirmed once the account's row stands.
CREATE TABLE email_directory (
    bucket smallint NOT NULL,
    email_hash bytea NOT NULL CHECK (length(email_hash) = 32),
    account_id uuid NOT NULL,
    claimed_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    PRIMARY KEY (bucket, email_hash),
    CHECK ((get_byte(email_hash, 0) * 256 + get_byte(email_hash, 1)) % 1024 = bucket)
);

-- Attempts that were not successful, for accounts that exist and for those that do not. `client_hash` is empty
-- for the count shared by all clients that never signed in to the account.
CREATE TABLE sign_in_failures (
    bucket smallint NOT NULL,
    email_hash bytea NOT NULL CHECK (length(email_hash) = 32),
    client_hash bytea NOT NULL CHECK (length(client_hash) IN (0, 16)),
    attempts int NOT NULL CHECK (attempts >= 0),
    last_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, email_hash, client_hash),
    CHECK ((get_byte(email_hash, 0) * 256 + get_byte(email_hash, 1)) % 1024 = bucket)
);
CREATE INDEX sign_in_failures_by_age ON sign_in_failures (last_at);

-- Network addresses (hashed with a key) from which somebody signed in to the account of an e-mail.
CREATE TABLE known_clients (
    bucket smallint NOT NULL,
    email_hash bytea NOT NULL CHECK (length(email_hash) = 32),
    client_hash bytea NOT NULL CHECK (length(client_hash) = 16),
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, email_hash, client_hash),
    CHECK ((get_byte(email_hash, 0) * 256 + get_byte(email_hash, 1)) % 1024 = bucket)
);
CREATE INDEX known_clients_by_age ON known_clients (seen_at);
