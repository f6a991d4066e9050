-- Mails as they are sent. Not bucketed; a mail's id is derived from its order and carries that bucket.

CREATE TABLE mails (
    id uuid PRIMARY KEY,
    cause text NOT NULL,
    template text NOT NULL,
    language text NOT NULL,
    recipient text NOT NULL,
    subject text NOT NULL CHECK (subject !~ '[[:cntrl:]]'),
    text text NOT NULL,
    html text NOT NULL,
    state text NOT NULL CHECK (state IN ('queued', 'sent', 'failed')),
    attempts int NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    next_attempt_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    sent_at timestamptz,
    error text,
    -- The last fence of "one mail per cause": whatever is delivered twice, this refuses the second.
    UNIQUE (cause, template),
    CHECK ((state = 'sent') = (sent_at IS NOT NULL))
);
CREATE INDEX mails_due ON mails (next_attempt_at) WHERE state = 'queued';
CREATE INDEX mails_newest ON mails (created_at DESC, id DESC);
CREATE INDEX mails_of_recipient ON mails (recipient, created_at DESC, id DESC);
