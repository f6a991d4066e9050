CREATE TABLE warehouses (
    code text PRIMARY KEY,
    country char(2) NOT NULL,
    position int NOT NULL
);
INSERT INTO warehouses (code, country, position) VALUES ('berlin', 'DE', 1), ('rotterdam', 'NL', 2);

-- The fence against overselling is the last CHECK: whatever the code believes, available cannot fall below zero.
CREATE TABLE stock (
    sku text NOT NULL,
    warehouse text NOT NULL REFERENCES warehouses (code),
    on_hand int NOT NULL CHECK (on_hand >= 0),
    reserved int NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    PRIMARY KEY (sku, warehouse),
    CHECK (on_hand - reserved >= 0)
) WITH (fillfactor = 50);

-- The band last announced, so that an event says only what changed.
CREATE TABLE announced (
    sku text PRIMARY KEY,
    stream uuid NOT NULL,
    version int NOT NULL,
    band text NOT NULL
) WITH (fillfactor = 50);

-- One row per order, kept after its end: a late reserve or consume meets a tombstone, not a gap.
CREATE TABLE reservations (
    order_id uuid PRIMARY KEY,
    state text NOT NULL CHECK (state IN ('held', 'consumed', 'released', 'restocked')),
    made_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX reservations_held ON reservations (expires_at) WHERE state = 'held';

CREATE TABLE allocations (
    order_id uuid NOT NULL REFERENCES reservations (order_id),
    sku text NOT NULL,
    warehouse text NOT NULL,
    quantity int NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (order_id, sku, warehouse)
);

-- Append-only; the audit proves that a stock row is the sum of its movements.
-- `cause` is unique per step, so a repeated step moves nothing twice.
CREATE TABLE movements (
    sku text NOT NULL,
    warehouse text NOT NULL,
    cause text NOT NULL,
    order_id uuid,
    kind text NOT NULL CHECK (kind IN ('correction', 'reserve', 'consume', 'release', 'restock')),
    on_hand int NOT NULL,
    reserved int NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (sku, warehouse, cause)
);
CREATE INDEX movements_of_order ON movements (order_id) WHERE order_id IS NOT NULL;
REVOKE UPDATE, DELETE ON movements FROM rialto_inventory;
