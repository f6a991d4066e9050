-- A person's mails are found whatever letters the address was typed in, to be handed out or erased.

CREATE INDEX mails_of_person ON mails (lower(recipient));
