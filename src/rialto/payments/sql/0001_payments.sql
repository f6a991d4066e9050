-- Projected in the transaction of each payment's events; the CHECKs are the last fence against taking too much.
CREATE TABLE payments (
    bucket smallint NOT NULL,
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    tender int NOT NULL,
    version int NOT NULL,
    status text NOT NULL,
    currency char(3) NOT NULL,
    amount bigint NOT NULL CHECK (amount >= 0),
    captured bigint NOT NULL CHECK (captured BETWEEN 0 AND amount),
    refunded bigint NOT NULL CHECK (refunded BETWEEN 0 AND captured),
    PRIMARY KEY (bucket, id),
    UNIQUE (bucket, order_id, tender),
    CHECK ((get_byte(uuid_send(id), 6) & 15) * 256 + get_byte(uuid_send(id), 7) = bucket),
    CHECK ((get_byte(uuid_send(order_id), 6) & 15) * 256 + get_byte(uuid_send(order_id), 7) = bucket)
) WITH (fillfactor = 70);

-- A provider's message is taken in once, in the transaction of its effect.
CREATE TABLE webhooks (
    bucket smallint NOT NULL,
    provider text NOT NULL,
    message_id text NOT NULL,
    payment_id uuid NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, provider, message_id)
);

-- The ledger: a journal per legal entity and bucket, append-only, each transaction chained to the one before.
CREATE TABLE journals (
    bucket smallint NOT NULL,
    entity text NOT NULL,
    position int NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (bucket, entity)
) WITH (fillfactor = 70);

CREATE TABLE ledger_transactions (
    bucket smallint NOT NULL,
    entity text NOT NULL,
    position int NOT NULL CHECK (position > 0),
    cause text NOT NULL,
    order_id uuid NOT NULL,
    kind text NOT NULL,
    at timestamptz NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (bucket, entity, position),
    UNIQUE (bucket, entity, cause)
);

CREATE TABLE ledger_entries (
    bucket smallint NOT NULL,
    entity text NOT NULL,
    position int NOT NULL,
    line int NOT NULL,
    account text NOT NULL,
    currency char(3) NOT NULL,
    amount bigint NOT NULL CHECK (amount <> 0),
    PRIMARY KEY (bucket, entity, position, line)
);
REVOKE UPDATE, DELETE ON ledger_transactions, ledger_entries, webhooks FROM rialto_payments;
