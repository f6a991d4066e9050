-- Another one, which hears of the bread: how often each loaf arrived.
CREATE TABLE arrivals (
    stream uuid NOT NULL,
    version int NOT NULL,
    bread text NOT NULL
);
