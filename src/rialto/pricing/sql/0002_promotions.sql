-- What is given to whom. `body` is the whole promotion as the interface knows it.
CREATE TABLE promotions (
    id text PRIMARY KEY CHECK (id ~ '^[a-z][a-z0-9_-]{0,59}$'),
    version int NOT NULL CHECK (version > 0),
    body json NOT NULL,
    changed_at timestamptz NOT NULL
);

-- Codes as customers type them, in upper case. `uses` counts orders that hold one; the CHECK is the last fence of the cap.
CREATE TABLE vouchers (
    code text PRIMARY KEY CHECK (code ~ '^[A-Z0-9][A-Z0-9-]{2,39}$'),
    promotion_id text NOT NULL REFERENCES promotions (id),
    batch text NOT NULL,
    uses_max int CHECK (uses_max > 0),
    customer_max int CHECK (customer_max > 0),
    ends_at timestamptz,
    active boolean NOT NULL,
    uses int NOT NULL DEFAULT 0 CHECK (uses >= 0),
    made_at timestamptz NOT NULL,
    CHECK (uses_max IS NULL OR uses <= uses_max)
) WITH (fillfactor = 70);
CREATE INDEX vouchers_of_promotion ON vouchers (promotion_id, batch, code);

-- One row per order that ever held codes or gave them up: whoever holds or frees for an order waits for it here.
-- A freed one stays, so that a late repeat of the order's first step takes nothing again.
CREATE TABLE voucher_holds (
    order_id uuid PRIMARY KEY,
    customer bytea NOT NULL,
    state text NOT NULL CHECK (state IN ('held', 'freed')),
    held_at timestamptz NOT NULL,
    freed_at timestamptz,
    CHECK ((state = 'freed') = (freed_at IS NOT NULL))
);

CREATE TABLE voucher_uses (
    order_id uuid NOT NULL REFERENCES voucher_holds (order_id),
    code text NOT NULL REFERENCES vouchers (code),
    PRIMARY KEY (order_id, code)
);
CREATE INDEX voucher_uses_of_code ON voucher_uses (code);
