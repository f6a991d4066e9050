-- What staff say about searching. `search` has no tables; it is told by the list `search_rules` of events.

CREATE TABLE search_synonyms (
    id text PRIMARY KEY CHECK (id ~ '^[a-z0-9-]{1,120}$'),
    version int NOT NULL CHECK (version > 0),
    language text NOT NULL,
    terms text[] NOT NULL CHECK (cardinality(terms) BETWEEN 2 AND 20),
    one_way boolean NOT NULL,
    changed_at timestamptz NOT NULL
);

CREATE TABLE search_pins (
    id text PRIMARY KEY CHECK (id ~ '^[a-z0-9-]{1,120}$'),
    version int NOT NULL CHECK (version > 0),
    language text NOT NULL,
    query text NOT NULL,
    query_key text NOT NULL,
    products text[] NOT NULL CHECK (cardinality(products) BETWEEN 1 AND 20),
    changed_at timestamptz NOT NULL,
    UNIQUE (language, query_key)
);

INSERT INTO lists (name, version) VALUES ('search_rules', 0);
