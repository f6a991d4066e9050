-- What the built-in roles may do beside from this release on. A role that the merchant has changed stays as it is.
UPDATE roles SET permissions = permissions || '{orders.note}', version = version + 1
WHERE bucket = 0 AND name = 'fulfilment' AND built_in AND version = 1;
UPDATE roles SET permissions = permissions || '{orders.note,customers.read}', version = version + 1
WHERE bucket = 0 AND name = 'support' AND built_in AND version = 1;
