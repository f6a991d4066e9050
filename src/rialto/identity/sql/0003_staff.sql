-- What staff may do and what they did. All of it stands in staff's bucket: it is little, and read together.

CREATE TABLE roles (
    bucket smallint NOT NULL CHECK (bucket = 0),
    name text NOT NULL CHECK (name ~ '^[a-z][a-z0-9_]{0,39}$'),
    permissions text[] NOT NULL,
    built_in boolean NOT NULL,
    version int NOT NULL CHECK (version > 0),
    PRIMARY KEY (bucket, name)
);
-- The owner may do everything; that is not a row anybody could change.
INSERT INTO roles (bucket, name, permissions, built_in, version) VALUES
    (0, 'catalog', '{catalog.*,pricing.*,inventory.*}', true, 1),
    (0, 'fulfilment', '{catalog.read,inventory.*,orders.read,orders.ship}', true, 1),
    (0, 'support', '{catalog.read,inventory.read,orders.read,orders.cancel,orders.refund,payments.read,reviews.moderate}', true, 1),
    (0, 'viewer', '{*.read}', true, 1);

-- Every change that staff asked for: written before it is made, and its outcome after. Neither is ever rewritten.
CREATE TABLE staff_actions (
    bucket smallint NOT NULL CHECK (bucket = 0),
    id uuid NOT NULL,
    staff_id uuid NOT NULL,
    operation text NOT NULL,
    method text NOT NULL,
    path text NOT NULL,
    object_id text NOT NULL,
    request_id text NOT NULL,
    begun_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, id),
    CHECK ((get_byte(uuid_send(id), 6) & 15) * 256 + get_byte(uuid_send(id), 7) = bucket)
);
CREATE INDEX staff_actions_newest ON staff_actions (bucket, begun_at DESC, id DESC);
CREATE INDEX staff_actions_of_staff ON staff_actions (bucket, staff_id, begun_at DESC, id DESC);
CREATE INDEX staff_actions_on_object ON staff_actions (bucket, object_id, begun_at DESC, id DESC);

CREATE TABLE staff_action_outcomes (
    bucket smallint NOT NULL CHECK (bucket = 0),
    id uuid NOT NULL,
    status smallint NOT NULL,
    ended_at timestamptz NOT NULL,
    PRIMARY KEY (bucket, id)
);
REVOKE UPDATE, DELETE, TRUNCATE ON staff_actions, staff_action_outcomes FROM rialto_identity;
