-- The PostgreSQL engine of the document port: documents, where they stand in indexes, and the order of their changes.

-- `last_change` is drawn under the row's lock, so changes within a partition are in commit order and a position is safe.
CREATE TABLE feeds (
    collection text NOT NULL,
    partition smallint NOT NULL,
    last_change bigint NOT NULL,
    PRIMARY KEY (collection, partition)
) WITH (fillfactor = 50);

-- A deleted document keeps its row without a body: its version goes on rising and the deletion stands in the feed.
CREATE TABLE documents (
    collection text NOT NULL,
    key text COLLATE "C" NOT NULL,
    version bigint NOT NULL CHECK (version > 0),
    partition smallint NOT NULL,
    change bigint NOT NULL,
    body jsonb,
    PRIMARY KEY (collection, key),
    UNIQUE (collection, partition, change)
);

CREATE TABLE entries (
    collection text NOT NULL,
    index text NOT NULL,
    under text COLLATE "C" NOT NULL,
    place text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    PRIMARY KEY (collection, index, under, place, key)
);
CREATE INDEX entries_of_document ON entries (collection, key);

-- For which declaration of its indexes a collection's documents were all entered.
CREATE TABLE collections (
    name text PRIMARY KEY,
    indexes text NOT NULL
);
