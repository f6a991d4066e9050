-- Carts. `bucket` is first in every key and stands in the id (UUIDv7 rand_a), so that each statement names one
-- shard. `touched_on` is a day on purpose: an indexed instant would change with every click and cost each
-- update its place in the page (no HOT update), while a day changes once.
CREATE TABLE carts (
    bucket smallint NOT NULL CHECK (bucket BETWEEN 0 AND 1023),
    id uuid NOT NULL,
    version int NOT NULL CHECK (version > 0),
    status text NOT NULL CHECK (status IN ('open', 'ordered')),
    order_id uuid,
    currency char(3) NOT NULL,
    country char(2) NOT NULL,
    language text NOT NULL,
    channel text NOT NULL,
    delivery_option_id text,
    seen_total bigint,
    payment_provider text,
    payment_token text,
    payment_label text,
    touched_on date NOT NULL,
    PRIMARY KEY (bucket, id),
    CHECK ((get_byte(uuid_send(id), 6) & 15) * 256 + get_byte(uuid_send(id), 7) = bucket),
    CHECK ((status = 'ordered') = (order_id IS NOT NULL))
) WITH (fillfactor = 60);
CREATE INDEX carts_touched_on ON carts (touched_on);

-- One line per SKU: the fence of merging.
CREATE TABLE cart_lines (
    bucket smallint NOT NULL,
    cart_id uuid NOT NULL,
    id uuid NOT NULL,
    sku text NOT NULL,
    quantity int NOT NULL CHECK (quantity BETWEEN 1 AND 99),
    position int NOT NULL,
    shown_price bigint,
    PRIMARY KEY (bucket, cart_id, id),
    UNIQUE (bucket, cart_id, sku),
    FOREIGN KEY (bucket, cart_id) REFERENCES carts (bucket, id) ON DELETE CASCADE,
    CHECK ((get_byte(uuid_send(id), 6) & 15) * 256 + get_byte(uuid_send(id), 7) = bucket)
) WITH (fillfactor = 60);

-- Personal data stands here and nowhere else, so that erasing it is one statement.
CREATE TABLE contacts (
    bucket smallint NOT NULL,
    cart_id uuid NOT NULL,
    email text NOT NULL,
    shipping json NOT NULL,
    billing json NOT NULL,
    PRIMARY KEY (bucket, cart_id),
    FOREIGN KEY (bucket, cart_id) REFERENCES carts (bucket, id) ON DELETE CASCADE
);
