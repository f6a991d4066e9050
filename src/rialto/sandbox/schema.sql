-- The sandbox's books. Times are microseconds since 1970 UTC, amounts minor units.
CREATE TABLE IF NOT EXISTS intents (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    reference TEXT NOT NULL,
    idempotency_key TEXT NOT NULL UNIQUE,
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    amount INTEGER NOT NULL CHECK (amount > 0),
    captured INTEGER NOT NULL DEFAULT 0 CHECK (captured >= 0),
    voided INTEGER NOT NULL DEFAULT 0 CHECK (voided >= 0),
    refunded INTEGER NOT NULL DEFAULT 0 CHECK (refunded >= 0),
    state TEXT NOT NULL,
    decline_code TEXT,
    card_brand TEXT NOT NULL,
    card_last4 TEXT NOT NULL CHECK (length(card_last4) = 4),
    behaviour TEXT NOT NULL,
    return_url TEXT,
    challenge_id TEXT UNIQUE,
    due_at INTEGER,
    created_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    -- The last fence behind the rules in model.py.
    CHECK (captured + voided <= amount),
    CHECK (refunded <= captured),
    CHECK (captured = 0 OR state NOT IN ('requires_action', 'processing', 'declined', 'voided'))
);
CREATE INDEX IF NOT EXISTS intents_reference ON intents (reference, seq);
CREATE INDEX IF NOT EXISTS intents_due ON intents (due_at) WHERE due_at IS NOT NULL;

-- Money that moved: one row is one balanced double entry, debit and credit.
CREATE TABLE IF NOT EXISTS movements (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('capture', 'refund')),
    intent_id TEXT NOT NULL REFERENCES intents (id),
    reference TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    debit TEXT NOT NULL,
    credit TEXT NOT NULL CHECK (credit <> debit),
    amount INTEGER NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS movements_intent ON movements (intent_id, kind, amount);
CREATE INDEX IF NOT EXISTS movements_time ON movements (created_at, seq);
CREATE TRIGGER IF NOT EXISTS movements_equal_the_intent AFTER INSERT ON movements
WHEN (SELECT sum(amount) FROM movements WHERE intent_id = NEW.intent_id AND kind = NEW.kind)
  IS NOT (SELECT CASE NEW.kind WHEN 'capture' THEN captured ELSE refunded END
          FROM intents WHERE id = NEW.intent_id AND currency = NEW.currency)
BEGIN SELECT RAISE(ABORT, 'movements do not equal the intent'); END;
CREATE TRIGGER IF NOT EXISTS movements_are_never_changed BEFORE UPDATE ON movements
BEGIN SELECT RAISE(ABORT, 'movements are never changed'); END;
CREATE TRIGGER IF NOT EXISTS movements_are_never_deleted BEFORE DELETE ON movements
BEGIN SELECT RAISE(ABORT, 'movements are never deleted'); END;

-- What was answered under an idempotency key.
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY,
    fingerprint BLOB NOT NULL,
    refused_code TEXT,
    body BLOB NOT NULL,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS answers_age ON answers (created_at);

CREATE TABLE IF NOT EXISTS tokens (
    id TEXT PRIMARY KEY,
    brand TEXT NOT NULL,
    last4 TEXT NOT NULL CHECK (length(last4) = 4),
    behaviour TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    used_by TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tokens_age ON tokens (expires_at);

CREATE TABLE IF NOT EXISTS sessions (
    id TEXT PRIMARY KEY,
    amount INTEGER NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL,
    language TEXT NOT NULL,
    return_url TEXT NOT NULL,
    cancel_url TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    token TEXT,
    label TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sessions_age ON sessions (expires_at);

-- Where the shop is beside the addresses it was started with, as it told last.
CREATE TABLE IF NOT EXISTS shop_origins (origin TEXT PRIMARY KEY) WITHOUT ROWID;

-- Webhooks, stored before they are sent. due_at is NULL once the shop has answered 2xx.
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    intent_id TEXT NOT NULL,
    body BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    due_at INTEGER
);
CREATE INDEX IF NOT EXISTS events_due ON events (due_at, seq) WHERE due_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS events_age ON events (created_at);
