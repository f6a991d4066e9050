-- Orders that accounts have placed, or that hold what is given with the first one (`given`). Told by events, but for held
-- ones; a cancelled order is taken out again. `customer` is a digest (see voucher_holds).
CREATE TABLE customer_orders (
    customer bytea NOT NULL,
    order_id uuid NOT NULL,
    given boolean NOT NULL,
    PRIMARY KEY (customer, order_id)
);
CREATE INDEX customer_orders_of_order ON customer_orders (order_id);
-- The last fence: of two orders of one customer only one can hold it.
CREATE UNIQUE INDEX customer_orders_given ON customer_orders (customer) WHERE given;
