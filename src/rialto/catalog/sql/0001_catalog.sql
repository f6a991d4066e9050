-- The catalogue. Drafts are `json`, not `jsonb`: the order a merchant wrote things in is kept. Whatever a rule
-- of the database must see (unique SKU and slug, prices, options, uses of a value) stands in columns beside it.

CREATE TABLE channels (
    code text PRIMARY KEY CHECK (code ~ '^[a-z0-9_-]{1,40}$'),
    position int NOT NULL,
    body json NOT NULL
);

CREATE TABLE categories (
    slug text PRIMARY KEY CHECK (slug ~ '^[a-z0-9-]{1,120}$'),
    parent text REFERENCES categories (slug) CHECK (parent <> slug),
    position int NOT NULL,
    body json NOT NULL
);

CREATE TABLE attributes (
    code text PRIMARY KEY CHECK (code ~ '^[a-z][a-z0-9_]{0,59}$'),
    type text NOT NULL,
    body json NOT NULL
);

CREATE TABLE products (
    id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9-]{1,120}$'),
    version int NOT NULL CHECK (version > 0),
    published boolean NOT NULL,
    category text REFERENCES categories (slug),
    tax_class text NOT NULL,
    title json NOT NULL,
    options text[] NOT NULL,
    draft json NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX products_category ON products (category);

CREATE TABLE variants (
    sku text PRIMARY KEY CHECK (length(sku) BETWEEN 1 AND 64),
    product_id uuid NOT NULL REFERENCES products (id),
    position int NOT NULL,
    options json NOT NULL,
    option_key text NOT NULL,
    image json,
    weight_g int NOT NULL CHECK (weight_g >= 0),
    UNIQUE (product_id, option_key)
);

CREATE TABLE prices (
    sku text NOT NULL REFERENCES variants (sku) ON DELETE CASCADE,
    channel text NOT NULL REFERENCES channels (code),
    currency char(3) NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0 AND amount <= 1000000000000000),
    compare_at bigint CHECK (compare_at > amount AND compare_at <= 1000000000000000),
    PRIMARY KEY (sku, channel, currency)
);

-- Which product uses which attribute, and for choices which value: what a definition must not lose.
CREATE TABLE product_values (
    code text NOT NULL REFERENCES attributes (code),
    value text NOT NULL,
    product_id uuid NOT NULL REFERENCES products (id),
    PRIMARY KEY (code, value, product_id)
);
CREATE INDEX product_values_product ON product_values (product_id);

-- The lists that are published whole: their row is locked by whoever changes one, and counts their versions.
CREATE TABLE lists (
    name text PRIMARY KEY,
    version int NOT NULL
);
INSERT INTO lists (name, version) VALUES ('categories', 0), ('attributes', 0), ('channels', 1);

-- The shop front that exists from the start, published as the first version of its list. The stream is
-- `list_stream("channels")` of store.py; a test holds the two together.
INSERT INTO channels (code, position, body) VALUES ('default', 0,
    '{"code": "default", "hosts": [], "currencies": ["EUR", "USD"], "languages": ["en", "de"], "country": "DE", "prices_include_tax": true, "legal_entity": "default"}');
INSERT INTO events (bucket, stream, version, type, schema_version, body, meta, at)
SELECT 0, '00000000-0000-7000-9880-d20e4934c10b', 1, 'catalog.channels_changed', 1,
       jsonb_build_object('channels', jsonb_agg(body)), '{}', '2026-01-01T00:00:00Z' FROM channels;
INSERT INTO outbox (bucket, stream, version) VALUES (0, '00000000-0000-7000-9880-d20e4934c10b', 1);
