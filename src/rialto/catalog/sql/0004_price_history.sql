-- What each article cost since when, for the lowest price of the 30 days before a reduction (PAngV section 11). A row
-- stands when the price changes or a reduction begins or ends; `lowest_before` is settled when a reduction begins.
-- Not bound to `variants`, whose rows are written anew at each change of their product.
CREATE TABLE price_history (
    sku text NOT NULL CHECK (length(sku) BETWEEN 1 AND 64),
    currency char(3) NOT NULL,
    since timestamptz NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    is_reduced boolean NOT NULL,
    lowest_before bigint CHECK (lowest_before > 0),
    PRIMARY KEY (sku, currency, since),
    CHECK (is_reduced OR lowest_before IS NULL)
);

-- Present prices count from the last change of their product.
INSERT INTO price_history (sku, currency, since, amount, is_reduced)
SELECT DISTINCT pr.sku, pr.currency, p.changed_at, pr.amount, pr.compare_at IS NOT NULL
FROM prices AS pr JOIN variants AS v ON v.sku = pr.sku JOIN products AS p ON p.id = v.product_id;
