-- How often the rates of a country and each way of delivery were changed, so that of two who edit one the second notices.
-- What was never changed has no row and counts as 0. A row stays when its rule goes: a version never comes back.
CREATE TABLE rule_versions (
    kind text NOT NULL CHECK (kind IN ('all', 'taxes', 'delivery')),
    key text NOT NULL,
    version int NOT NULL CHECK (version >= 0),
    PRIMARY KEY (kind, key)
);
-- The row that whoever changes any rule holds: rules change seldom, and their order concerns all of them.
INSERT INTO rule_versions (kind, key, version) VALUES ('all', '', 0);
