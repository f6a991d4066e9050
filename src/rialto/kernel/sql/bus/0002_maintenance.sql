-- A sign at the door that every process reads: while there is a row, nothing is changed for customers.

CREATE TABLE maintenance (
    only_one boolean PRIMARY KEY CHECK (only_one),
    message text NOT NULL CHECK (length(message) <= 500),
    since timestamptz NOT NULL
);
