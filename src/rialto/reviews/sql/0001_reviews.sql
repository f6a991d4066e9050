-- How far a feed of the document store was followed, moved on in the transaction of what followed from it.
CREATE TABLE positions (
    feed text PRIMARY KEY,
    position text NOT NULL
);
