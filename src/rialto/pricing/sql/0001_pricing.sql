-- What pricing goes by. Starting values, not advice: standard rates and the rates of books and other printed
-- matter (`reduced`) in the European Union as of January 2026, which a shop checks and replaces by
-- PUT /v1/admin/pricing/rules. A country without a row is an export and is not taxed.
CREATE TABLE tax_rates (
    country char(2) NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    tax_class text NOT NULL CHECK (tax_class ~ '^[a-z][a-z0-9_-]{0,59}$'),
    rate numeric(7, 6) NOT NULL CHECK (rate BETWEEN 0 AND 1),
    PRIMARY KEY (country, tax_class)
);

-- `body` is the whole method as the interface knows it: it is only ever read and replaced as one.
CREATE TABLE delivery_methods (
    id text PRIMARY KEY CHECK (id ~ '^[a-z][a-z0-9_-]{0,59}$'),
    body json NOT NULL
);

INSERT INTO tax_rates (country, tax_class, rate)
SELECT country, 'standard', rate FROM (VALUES
    ('AT', 0.20), ('BE', 0.21), ('BG', 0.20), ('CY', 0.19), ('CZ', 0.21), ('DE', 0.19), ('DK', 0.25),
    ('EE', 0.24), ('ES', 0.21), ('FI', 0.255), ('FR', 0.20), ('GR', 0.24), ('HR', 0.25), ('HU', 0.27),
    ('IE', 0.23), ('IT', 0.22), ('LT', 0.21), ('LU', 0.17), ('LV', 0.21), ('MT', 0.18), ('NL', 0.21),
    ('PL', 0.23), ('PT', 0.23), ('RO', 0.21), ('SE', 0.25), ('SI', 0.22), ('SK', 0.23)
) AS standard (country, rate);

-- Denmark has none: its printed matter is taxed at the standard rate.
INSERT INTO tax_rates (country, tax_class, rate)
SELECT country, 'reduced', rate FROM (VALUES
    ('AT', 0.10), ('BE', 0.06), ('BG', 0.09), ('CY', 0.03), ('CZ', 0.12), ('DE', 0.07), ('EE', 0.09),
    ('ES', 0.04), ('FI', 0.135), ('FR', 0.055), ('GR', 0.06), ('HR', 0.05), ('HU', 0.05), ('IE', 0),
    ('IT', 0.04), ('LT', 0.05), ('LU', 0.03), ('LV', 0.05), ('MT', 0.05), ('NL', 0.09), ('PL', 0.05),
    ('PT', 0.06), ('RO', 0.11), ('SE', 0.06), ('SI', 0.05), ('SK', 0.05)
) AS reduced (country, rate);

INSERT INTO delivery_methods (id, body) VALUES
('de_standard', '{"id": "de_standard", "position": 10, "countries": ["DE"],
  "title": {"en": "Standard delivery", "de": "Standardversand"},
  "prices": {"EUR": 490, "USD": 540}, "free_from": {"EUR": 5900, "USD": 6500},
  "weight_g_max": 31500, "days_min": 1, "days_max": 3}'),
('de_express', '{"id": "de_express", "position": 20, "countries": ["DE"],
  "title": {"en": "Express delivery", "de": "Expressversand"},
  "prices": {"EUR": 1190, "USD": 1290}, "weight_g_max": 31500, "days_min": 1, "days_max": 1}'),
('eu_standard', '{"id": "eu_standard", "position": 30, "countries": ["AT", "BE", "BG", "CY", "CZ", "DK", "EE", "ES",
    "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"],
  "title": {"en": "Standard delivery in the EU", "de": "Standardversand in der EU"},
  "prices": {"EUR": 990, "USD": 1090}, "free_from": {"EUR": 15000, "USD": 16500},
  "weight_g_max": 31500, "days_min": 3, "days_max": 6}'),
('world_standard', '{"id": "world_standard", "position": 40, "countries": ["*"], "except_countries": ["AT", "BE", "BG",
    "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL",
    "PT", "RO", "SE", "SI", "SK"],
  "title": {"en": "International delivery", "de": "Internationaler Versand"},
  "prices": {"EUR": 1990, "USD": 2190}, "weight_g_max": 20000, "days_min": 6, "days_max": 14}');
