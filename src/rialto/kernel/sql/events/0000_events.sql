-- The same four tables in every service's schema: what it publishes and what it has taken in.

CREATE TABLE events (
    bucket smallint NOT NULL CHECK (bucket BETWEEN 0 AND 1023),
    stream uuid NOT NULL,
    version int NOT NULL CHECK (version > 0),
    type text NOT NULL,
    schema_version int NOT NULL,
    body jsonb NOT NULL,
    meta jsonb NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (bucket, stream, version),
    -- The stream's id carries its bucket in rand_a (UUIDv7): any id leads to its shard.
    CHECK ((get_byte(uuid_send(stream), 6) & 15) * 256 + get_byte(uuid_send(stream), 7) = bucket)
);

-- Pointers that the relay publishes and deletes. It holds what is on its way, so it stays small.
CREATE TABLE outbox (
    bucket smallint NOT NULL,
    stream uuid NOT NULL,
    version int NOT NULL,
    PRIMARY KEY (bucket, stream, version)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

-- The last version of each foreign stream whose effect is in this schema.
CREATE TABLE inbox (
    consumer text NOT NULL,
    bucket smallint NOT NULL,
    stream uuid NOT NULL,
    version int NOT NULL,
    PRIMARY KEY (bucket, consumer, stream)
);

-- Events that could not be taken in: a poison event parks its own stream and nothing else.
CREATE TABLE dead_letters (
    consumer text NOT NULL,
    bucket smallint NOT NULL,
    stream uuid NOT NULL,
    version int NOT NULL,
    type text NOT NULL,
    schema_version int NOT NULL,
    service text NOT NULL,
    body jsonb NOT NULL,
    meta jsonb NOT NULL,
    at timestamptz NOT NULL,
    reason text NOT NULL,
    parked_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, consumer, stream, version)
);
