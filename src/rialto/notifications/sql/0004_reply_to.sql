-- Where an answer goes: the shop front's address when the mail was written. Empty: to the sender.
ALTER TABLE mails ADD COLUMN reply_to text NOT NULL DEFAULT '';
