-- The order as lists and searches need it, projected in the transaction of its events.
CREATE TABLE orders (
    bucket smallint NOT NULL,
    id uuid NOT NULL,
    version int NOT NULL,
    number text NOT NULL,
    key text NOT NULL,
    cart_id uuid NOT NULL,
    status text NOT NULL CHECK (status IN ('pending', 'placed', 'completed', 'cancelled', 'needs_attention')),
    payment_status text NOT NULL,
    fulfilment_status text NOT NULL,
    currency char(3) NOT NULL,
    total bigint NOT NULL CHECK (total >= 0),
    started_at timestamptz NOT NULL,
    placed_at timestamptz,
    PRIMARY KEY (bucket, id),
    UNIQUE (bucket, number),
    CHECK ((get_byte(uuid_send(id), 6) & 15) * 256 + get_byte(uuid_send(id), 7) = bucket)
) WITH (fillfactor = 60);
CREATE INDEX orders_newest ON orders (started_at DESC, id DESC);

-- Who it is for. Events, logs and the ledger refer to it by the order's id; erasure deletes these rows.
CREATE TABLE contacts (
    bucket smallint NOT NULL,
    order_id uuid NOT NULL,
    email text NOT NULL,
    shipping jsonb NOT NULL,
    billing jsonb NOT NULL,
    PRIMARY KEY (bucket, order_id)
);

-- The client's Idempotency-Key; scope is the cart. The answer is a reference: rendered again on repeat.
CREATE TABLE idempotency (
    bucket smallint NOT NULL,
    scope uuid NOT NULL,
    key text NOT NULL,
    request_hash text NOT NULL,
    order_id uuid NOT NULL,
    state text NOT NULL CHECK (state IN ('running', 'done')),
    answer jsonb,
    made_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, scope, key),
    CHECK ((state = 'done') = (answer IS NOT NULL))
) WITH (fillfactor = 70);
CREATE INDEX idempotency_old ON idempotency (made_at);

-- One checkout of a cart at a time: whoever inserts the row goes on; it stays when the order is placed.
CREATE TABLE cart_orders (
    bucket smallint NOT NULL,
    cart_id uuid NOT NULL,
    order_id uuid NOT NULL,
    PRIMARY KEY (bucket, cart_id)
);

-- Orders that are not in a stable state, and when the worker looks at them next.
CREATE TABLE saga (
    bucket smallint NOT NULL,
    order_id uuid NOT NULL,
    due_at timestamptz NOT NULL,
    attempts int NOT NULL DEFAULT 0,
    PRIMARY KEY (bucket, order_id)
) WITH (fillfactor = 50);
CREATE INDEX saga_due ON saga (due_at);
