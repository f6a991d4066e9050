-- What mails say in the merchant's own words, by kind of mail and language. A passage that is not there is Rialto's own; a row stays when
-- all of them are again, so that its version never comes a second time.

CREATE TABLE mail_texts (
    kind text NOT NULL,
    language text NOT NULL,
    passages json NOT NULL,
    version int NOT NULL CHECK (version > 0),
    PRIMARY KEY (kind, language)
);
