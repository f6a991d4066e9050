-- What staff write down about orders. Personal data: deleted with the contact.
CREATE TABLE notes (
    bucket smallint NOT NULL,
    order_id uuid NOT NULL,
    id uuid NOT NULL,
    staff_id text NOT NULL,
    text text NOT NULL CHECK (length(text) BETWEEN 1 AND 2000),
    written_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, order_id, id),
    CHECK ((get_byte(uuid_send(order_id), 6) & 15) * 256 + get_byte(uuid_send(order_id), 7) = bucket)
);
