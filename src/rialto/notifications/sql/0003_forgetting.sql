-- What old mails said is forgotten, and they are found without passing by those that were forgotten before.

CREATE INDEX mails_remembered ON mails (created_at) WHERE recipient <> '' AND state <> 'queued';
