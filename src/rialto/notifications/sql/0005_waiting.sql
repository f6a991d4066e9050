-- Who wants to hear when a SKU can be bought again: one row per address and SKU, deleted when it was mailed or ended.

CREATE TABLE waiting (
    id uuid PRIMARY KEY,
    sku text NOT NULL,
    email text NOT NULL,
    email_hash bytea NOT NULL,
    language text NOT NULL,
    channel text NOT NULL,
    asked_at timestamptz NOT NULL,
    -- Until then nothing but the question is mailed: the address may be a stranger's.
    confirmed_at timestamptz,
    UNIQUE (email_hash, sku)
);
CREATE INDEX waiting_for_sku ON waiting (sku, confirmed_at, id) WHERE confirmed_at IS NOT NULL;
CREATE INDEX waiting_asked ON waiting (asked_at);

-- SKUs to be looked at: they were put in stock, or somebody began to wait and may have missed that.
CREATE TABLE restocked (
    sku text PRIMARY KEY,
    at timestamptz NOT NULL
);
CREATE INDEX restocked_at ON restocked (at, sku);
