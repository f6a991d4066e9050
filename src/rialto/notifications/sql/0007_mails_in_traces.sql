-- The trace that a mail belongs to, so that sending it later is seen there. Empty where there is none.
ALTER TABLE mails ADD COLUMN traceparent text NOT NULL DEFAULT '';
