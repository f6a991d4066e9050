-- One row per order that was ever started, without whom it is for. `at` is when it was placed, before that when it began.
-- `generation`: in which of the fillings of `daily` it is counted.
CREATE TABLE orders (
    id uuid PRIMARY KEY,
    number text NOT NULL,
    at timestamptz NOT NULL,
    stage text NOT NULL,
    payment_status text NOT NULL,
    total bigint NOT NULL,
    currency char(3) NOT NULL,
    channel text NOT NULL,
    country char(2) NOT NULL,
    skus text[] NOT NULL,
    captured bigint NOT NULL,
    refunded bigint NOT NULL,
    started_at timestamptz NOT NULL,
    cause text,
    generation int NOT NULL
) WITH (fillfactor = 80);
-- Lists go on from a place in their order, so each order that is offered has an index that begins with what is chosen.
CREATE INDEX orders_newest ON orders (at DESC, id DESC) WHERE stage NOT IN ('pending', 'abandoned');
CREATE INDEX orders_of_stage ON orders (stage, at DESC, id DESC);
CREATE INDEX orders_of_payment ON orders (payment_status, stage, at DESC, id DESC);
CREATE INDEX orders_of_channel ON orders (channel, at DESC, id DESC) WHERE stage NOT IN ('pending', 'abandoned');
CREATE INDEX orders_dearest ON orders (total DESC, id DESC) WHERE stage NOT IN ('pending', 'abandoned');
CREATE INDEX orders_numbers ON orders (number text_pattern_ops);
CREATE INDEX orders_skus ON orders USING gin (skus);

-- Sales by day (UTC). `slot` is the relay's partition: its events come one after the other, so nobody waits for a row.
CREATE TABLE daily (
    generation int NOT NULL,
    day date NOT NULL,
    channel text NOT NULL,
    currency char(3) NOT NULL,
    slot smallint NOT NULL,
    started int NOT NULL DEFAULT 0,
    orders int NOT NULL DEFAULT 0,
    revenue bigint NOT NULL DEFAULT 0,
    refunds bigint NOT NULL DEFAULT 0,
    cancelled int NOT NULL DEFAULT 0,
    PRIMARY KEY (generation, day, channel, currency, slot)
) WITH (fillfactor = 60);

-- SKUs that are running out or have. In stock again: gone from here.
CREATE TABLE low_stock (
    sku text PRIMARY KEY,
    band text NOT NULL,
    available int NOT NULL
);

-- How far orders from before reporting was there, or all of them when it is made anew, have been taken in.
CREATE TABLE filling (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    generation int NOT NULL,
    cursor text,
    done boolean NOT NULL
);
INSERT INTO filling (generation, cursor, done) VALUES (1, NULL, false);

-- Lists that a member of staff keeps under a name. `query` is what stands in the list's address.
CREATE TABLE views (
    staff_id text NOT NULL,
    name text NOT NULL,
    query text NOT NULL,
    PRIMARY KEY (staff_id, name)
);
