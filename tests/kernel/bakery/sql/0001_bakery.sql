-- A service made for the kernel's tests: bread that is counted, and a place that may be swapped within a transaction.
CREATE TABLE loaves (
    id int PRIMARY KEY,
    grams int NOT NULL CHECK (grams > 0),
    place int UNIQUE DEFERRABLE INITIALLY DEFERRED
);
