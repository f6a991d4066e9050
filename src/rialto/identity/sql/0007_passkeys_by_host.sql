-- A passkey belongs to the host name it was made at; empty: the shop's own address, as all were until now.
ALTER TABLE passkeys ADD COLUMN host text NOT NULL DEFAULT '' CHECK (length(host) <= 253);
