-- Collections as staff describe them. `search` has no tables; it is told by the list `collections` of events.

CREATE TABLE collections (
    slug text PRIMARY KEY CHECK (slug ~ '^[a-z0-9-]{1,120}$'),
    version int NOT NULL CHECK (version > 0),
    body json NOT NULL,
    changed_at timestamptz NOT NULL
);

INSERT INTO lists (name, version) VALUES ('collections', 0);
