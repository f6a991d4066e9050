-- What is bought together: how often two products stood in one order, both ways round. No order and nobody is named.
-- `weight` counts late orders more than early ones, see model/together.py.

CREATE TABLE bought_together (
    product_id uuid NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    other_id uuid NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    orders int NOT NULL CHECK (orders > 0),
    weight double precision NOT NULL,
    PRIMARY KEY (product_id, other_id),
    CHECK (product_id <> other_id)
);

-- What was last told of a product's companions. Whoever is `due` is looked at by the job.
CREATE TABLE companions (
    product_id uuid PRIMARY KEY REFERENCES products (id) ON DELETE CASCADE,
    version int NOT NULL,
    others uuid[] NOT NULL,
    due boolean NOT NULL
);
CREATE INDEX companions_due ON companions (product_id) WHERE due;
