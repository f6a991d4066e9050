-- Customers: what an account says about its owner, letters that are due, and tokens that are good once.
--
-- An erased account keeps its row without a word about the person: events and orders still name its id.

ALTER TABLE accounts
    ADD COLUMN language text NOT NULL DEFAULT 'en' CHECK (length(language) BETWEEN 2 AND 35),
    ADD COLUMN channel text NOT NULL DEFAULT 'default' CHECK (length(channel) BETWEEN 1 AND 60),
    ADD COLUMN verified_at timestamptz,
    ADD COLUMN erased_at timestamptz,
    -- How many events the account's stream has.
    ADD COLUMN events int NOT NULL DEFAULT 0 CHECK (events >= 0),
    ALTER COLUMN email DROP NOT NULL,
    ADD CHECK ((email IS NULL) = (erased_at IS NOT NULL));

-- A former address of an account stays reserved until then, so that it can be taken back.
ALTER TABLE email_directory ADD COLUMN released_at timestamptz;

-- What `identity.letter_requested` is about. Without an account there is nobody to write to: the request of a
-- stranger leaves the same trace.
CREATE TABLE letters (
    bucket smallint NOT NULL,
    id uuid NOT NULL,
    template text NOT NULL,
    account_id uuid,
    about uuid,
    requested_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, id),
    CHECK ((get_byte(uuid_send(id), 6) & 15) * 256 + get_byte(uuid_send(id), 7) = bucket)
);
CREATE INDEX letters_by_age ON letters (requested_at);

-- Tokens that are good once: only their hash is kept. `about` ties one to what it was made for.
CREATE TABLE one_time_tokens (
    bucket smallint NOT NULL,
    id uuid NOT NULL,
    account_id uuid,
    purpose text NOT NULL,
    token_hash bytea NOT NULL CHECK (length(token_hash) = 32),
    about text NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (bucket, id),
    CHECK ((get_byte(uuid_send(id), 6) & 15) * 256 + get_byte(uuid_send(id), 7) = bucket)
);
CREATE INDEX one_time_tokens_of_account ON one_time_tokens (bucket, account_id);
CREATE INDEX one_time_tokens_by_expiry ON one_time_tokens (expires_at);

-- Another address in the place of the old one: asked for, confirmed at the new one, perhaps taken back at the old.
CREATE TABLE email_changes (
    bucket smallint NOT NULL,
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    old_email text NOT NULL CHECK (length(old_email) BETWEEN 3 AND 254),
    new_email text NOT NULL CHECK (length(new_email) BETWEEN 3 AND 254),
    requested_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    PRIMARY KEY (bucket, id),
    CHECK ((get_byte(uuid_send(id), 6) & 15) * 256 + get_byte(uuid_send(id), 7) = bucket)
);
CREATE INDEX email_changes_of_account ON email_changes (bucket, account_id);
CREATE INDEX email_changes_by_age ON email_changes (requested_at);

-- What somebody agreed to or not, as a history: the latest row of a purpose counts. Only erasure deletes.
CREATE TABLE consents (
    bucket smallint NOT NULL,
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    purpose text NOT NULL CHECK (length(purpose) BETWEEN 1 AND 60),
    granted boolean NOT NULL,
    text_version text NOT NULL CHECK (length(text_version) BETWEEN 1 AND 60),
    at timestamptz NOT NULL,
    PRIMARY KEY (bucket, id),
    CHECK ((get_byte(uuid_send(id), 6) & 15) * 256 + get_byte(uuid_send(id), 7) = bucket)
);
CREATE INDEX consents_of_account ON consents (bucket, account_id, purpose, at);
REVOKE UPDATE ON consents FROM rialto_identity;

-- The address book. `made_by` is the hash of the request that made a row under an Idempotency-Key.
CREATE TABLE addresses (
    bucket smallint NOT NULL,
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    name text NOT NULL,
    company text,
    line1 text NOT NULL,
    line2 text,
    city text NOT NULL,
    region text,
    postal_code text NOT NULL,
    country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    phone text,
    default_shipping boolean NOT NULL,
    default_billing boolean NOT NULL,
    made_by bytea,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, id),
    CHECK ((get_byte(uuid_send(id), 6) & 15) * 256 + get_byte(uuid_send(id), 7) = bucket)
);
CREATE INDEX addresses_of_account ON addresses (bucket, account_id, created_at);
CREATE UNIQUE INDEX one_default_shipping ON addresses (bucket, account_id) WHERE default_shipping;
CREATE UNIQUE INDEX one_default_billing ON addresses (bucket, account_id) WHERE default_billing;

-- One-time passwords (RFC 6238). The secret is sealed; `last_step` makes each code good once.
CREATE TABLE totp (
    bucket smallint NOT NULL,
    account_id uuid NOT NULL,
    sealed_secret bytea NOT NULL,
    last_step bigint NOT NULL,
    begun_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    PRIMARY KEY (bucket, account_id),
    CHECK ((get_byte(uuid_send(account_id), 6) & 15) * 256 + get_byte(uuid_send(account_id), 7) = bucket)
);

-- For when the device is lost: each good once, kept as keyed hashes.
CREATE TABLE recovery_codes (
    bucket smallint NOT NULL,
    account_id uuid NOT NULL,
    code_hash bytea NOT NULL CHECK (length(code_hash) = 32),
    used_at timestamptz,
    PRIMARY KEY (bucket, account_id, code_hash),
    CHECK ((get_byte(uuid_send(account_id), 6) & 15) * 256 + get_byte(uuid_send(account_id), 7) = bucket)
);

-- Passkeys. `sign_count` may only grow (or stay zero): one that goes back was copied.
CREATE TABLE passkeys (
    bucket smallint NOT NULL,
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    credential_id bytea NOT NULL CHECK (length(credential_id) BETWEEN 1 AND 1023),
    public_key bytea NOT NULL,
    sign_count bigint NOT NULL CHECK (sign_count >= 0),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    transports text[] NOT NULL,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz,
    PRIMARY KEY (bucket, id),
    UNIQUE (bucket, account_id, credential_id),
    CHECK ((get_byte(uuid_send(id), 6) & 15) * 256 + get_byte(uuid_send(id), 7) = bucket)
);

-- Erasures that are asked for and not done everywhere: the e-mail is kept until all services have forgotten it.
CREATE TABLE erasures (
    bucket smallint NOT NULL,
    account_id uuid NOT NULL,
    requested_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, account_id),
    CHECK ((get_byte(uuid_send(account_id), 6) & 15) * 256 + get_byte(uuid_send(account_id), 7) = bucket)
);
CREATE INDEX erasures_by_age ON erasures (requested_at);
