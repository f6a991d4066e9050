-- The PostgreSQL engine of the bus: an append-only log per partition, cursors, and leases for background work.

CREATE TABLE leases (
    name text PRIMARY KEY,
    owner text NOT NULL,
    fence bigint NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE TABLE workers (
    owner text PRIMARY KEY,
    expires_at timestamptz NOT NULL
);

-- `last_id` is drawn under the row's lock, so ids within a partition are in commit order and a cursor is safe.
CREATE TABLE partitions (
    partition smallint PRIMARY KEY,
    last_id bigint NOT NULL
);
INSERT INTO partitions (partition, last_id) SELECT p, 0 FROM generate_series(0, 63) AS p;

CREATE TABLE log (
    partition smallint NOT NULL,
    id bigint NOT NULL,
    service text NOT NULL,
    bucket smallint NOT NULL,
    stream uuid NOT NULL,
    version int NOT NULL,
    type text NOT NULL,
    schema_version int NOT NULL,
    body text NOT NULL,
    meta text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (partition, id)
);

CREATE TABLE cursors (
    consumer text NOT NULL,
    partition smallint NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (consumer, partition)
) WITH (fillfactor = 50);
