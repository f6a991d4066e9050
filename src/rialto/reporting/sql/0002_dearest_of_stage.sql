-- What is largest among those to ship: measured, a sort of all of a stage took a quarter of a second at a million orders.
CREATE INDEX orders_dearest_of_stage ON orders (stage, total DESC, id DESC);
