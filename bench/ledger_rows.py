"""A house's ledger of many rows, made by the database itself.

What it is like: 2,000 people of whom the first makes a fifth of all calls and the others have
Zipf's shares, each with four models of 50 (80 deployments answer for them) and, for programs, 3,000
keys; 18 months that grow busier; a few of a hundred calls fail, are estimated or were stopped, and
some hundred of the last hour are still held.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

TABLE = "usage_usagerecord"
PEOPLE, MODELS, DEPLOYMENTS, KEYS, HEAVY_KEYS = 2_000, 50, 80, 3_000, 40
DAYS = 548
BLOCK, SESSIONS = 750, 60  # an hour's calls come from that many chats and programs at work

_CAST = f"""
INSERT INTO accounts_user (id, password, is_superuser, is_staff, is_active, date_joined, email,
    name, language, theme)
SELECT gen_random_uuid(), '!', false, false, true, now() - interval '{DAYS} days',
    'person-' || n || '@example.test', 'Person ' || n, '', 'system'
FROM generate_series(1, {PEOPLE}) AS n;
INSERT INTO usage_account (id, user_id, created_at)
SELECT gen_random_uuid(), id, date_joined FROM accounts_user WHERE email LIKE 'person-%';
INSERT INTO accounts_team (id, name, created_at)
SELECT gen_random_uuid(), 'Team ' || n, now() FROM generate_series(1, 40) AS n;
INSERT INTO accounts_team_members (team_id, user_id)
SELECT t.id, u.id FROM accounts_team t JOIN accounts_user u
    ON split_part(t.name, ' ', 2)::int = 1 + split_part(u.name, ' ', 2)::int % 40
WHERE u.email LIKE 'person-%';

CREATE TEMP TABLE person AS
SELECT split_part(u.name, ' ', 2)::int AS n, u.id AS user_id, a.id AS account_id, 0 AS keys
FROM accounts_user u JOIN usage_account a ON a.user_id = u.id WHERE u.email LIKE 'person-%';
CREATE TEMP TABLE key AS
SELECT k, 0 AS n, gen_random_uuid() AS id,
    CASE WHEN k <= {HEAVY_KEYS} THEN 1 ELSE 2 + (k - {HEAVY_KEYS}) % {PEOPLE - 1} END AS person
FROM generate_series(1, {KEYS}) AS k;
UPDATE key SET n = o.n FROM (
    SELECT k, row_number() OVER (PARTITION BY person ORDER BY k) AS n FROM key
) AS o WHERE o.k = key.k;
UPDATE person SET keys = (SELECT count(*) FROM key WHERE key.person = person.n);
INSERT INTO accounts_apikey (id, owner_id, made_by_id, name, prefix, last_four, digest,
    former_last_four, endpoints, model_names, networks, created_at)
SELECT key.id, user_id, user_id, 'Program ' || k, 'sk-causerie-', lpad(k::text, 4, '0'),
    sha256(k::text::bytea), '', '{{}}', '{{}}', '{{}}', now() - interval '{DAYS} days'
FROM key JOIN person ON person.n = key.person;
ANALYZE person; ANALYZE key;
"""
_SESSIONS = f"""
CREATE TEMP TABLE session AS
SELECT block, slot, person, which,
    (person * 7 + floor(exp(random() * ln(4.99)))::int) %% {MODELS} AS model,
    random() < CASE WHEN person = 1 THEN 0.95 ELSE 0.4 END AS of_program
FROM (
    SELECT block, slot, random() AS which,
        CASE WHEN random() < 0.2 THEN 1
            ELSE 1 + floor(exp(random() * ln({PEOPLE - 1}.99)))::int END AS person
    FROM generate_series(0, %(rows)s / {BLOCK}) AS block, generate_series(0, {SESSIONS - 1}) AS slot
    OFFSET 0
) AS each;
ANALYZE session;
"""
_ROWS = f"""
INSERT INTO {TABLE} (id, account_id, door, key_id, model_id, deployment_id, credential_id,
    provider_name, model_name, deployment_name, input_price, cached_input_price, output_price,
    state, held_input_tokens, held_output_tokens, held_cost, limits, lease_expires_at,
    input_tokens, output_tokens, cached_tokens, reasoning_tokens, is_reported, cost, outcome,
    first_token_ms, latency_ms, created_at, ended_at)
SELECT gen_random_uuid(), p.account_id, c.door, k.id, m.id, d.id, d.credential_id,
    d.provider_name, m.label, d.name, d.input_price, d.input_price / 4, d.output_price,
    c.state, c.input, 4096, (c.input * d.input_price + 4096 * d.output_price) / 1000000, '{{}}',
    CASE WHEN c.state = 'held' THEN now() + interval '20 minutes' END,
    CASE WHEN c.state = 'settled' THEN c.input END,
    CASE WHEN c.state = 'settled' THEN c.output END,
    CASE WHEN c.state = 'settled' THEN c.input / 3 ELSE 0 END, 0,
    c.state = 'settled' AND c.r5 > 0.03,
    CASE WHEN c.state = 'settled'
        THEN (c.input * d.input_price + c.output * d.output_price) / 1000000 END,
    CASE c.state WHEN 'held' THEN ''
        WHEN 'released' THEN (ARRAY['connection', 'rate_limited', 'overloaded', 'expired'])
            [1 + (c.r5 * 4)::int %% 4]
        ELSE CASE WHEN c.r4 < 0.9 THEN 'stop' WHEN c.r4 < 0.95 THEN 'length'
            WHEN c.r4 < 0.99 THEN 'stopped' ELSE 'interrupted' END END,
    CASE WHEN c.state = 'settled' THEN 150 + (c.r3 * 900)::int END,
    CASE WHEN c.state <> 'held' THEN 400 + c.output * 15 END,
    c.at, CASE WHEN c.state <> 'held' THEN c.at + c.output * interval '15 ms' END
FROM (
    SELECT s.*, person, model, which, of_program,
        CASE WHEN i > %(rows)s - 1100 AND r5 < 0.3 THEN 'held'
            WHEN r3 < 0.02 THEN 'released' ELSE 'settled' END AS state,
        CASE WHEN of_program THEN 'api' WHEN r2 < 0.9 THEN 'chat' ELSE 'title' END AS door,
        50 + (r1 * r1 * 4000)::int AS input, 1 + (r4 * r4 * 900)::int AS output
    FROM (
        SELECT i, random() AS r1, random() AS r2, random() AS r3, random() AS r4, random() AS r5,
            i / {BLOCK} AS block, floor(random() * {SESSIONS})::int AS slot,
            now() - (1 - power(i::float8 / %(rows)s, 0.667)) * interval '{DAYS} days' AS at
        FROM generate_series(1, %(rows)s) AS i OFFSET 0
    ) AS s JOIN session USING (block, slot)
) AS c
JOIN person p ON p.n = c.person
JOIN deployment m ON m.n = c.model
JOIN deployment d ON d.n = CASE WHEN c.r5 > 0.15 THEN c.model
    ELSE {MODELS} + c.model %% {DEPLOYMENTS - MODELS} END
LEFT JOIN key k ON c.of_program AND k.person = c.person AND k.n = 1 + floor(c.which * p.keys)::int
"""
_DEPLOYMENTS = """
CREATE TEMP TABLE deployment AS
SELECT row_number() OVER (ORDER BY split_part(s.name, '-', 2)::int)::int - 1 AS n, s.id, s.label,
    s.name, s.input_price, s.output_price, p.name AS provider_name, (
        SELECT id FROM providers_credential c WHERE c.provider_id = p.id
        ORDER BY (s.ctid::text || c.id::text) LIMIT 1) AS credential_id
FROM providers_modelspec s JOIN providers_provider p ON p.id = s.provider_id
WHERE s.name LIKE 'bench-%';
ANALYZE deployment;
"""


@contextmanager
def without_indexes(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Take the table's keys and indexes off, and make the same again at the end."""
    keys = connection.execute(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid = %(t)s::regclass AND contype = 'p'"
        " OR confrelid = %(t)s::regclass ORDER BY contype DESC",
        {"t": TABLE},
    ).fetchall()
    names = [name for _, name, _ in keys]
    indexes = connection.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s", [TABLE]
    ).fetchall()
    for table, name, _ in sorted(keys, key=lambda each: "PRIMARY" in each[2]):
        connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    for name, _ in indexes:
        connection.execute(f"DROP INDEX IF EXISTS {name}")
    yield
    for name, definition in indexes:
        if name not in names:
            connection.execute(definition)
    for table, name, definition in keys:
        connection.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")


def fill(connection: psycopg.Connection[Any], rows: int) -> dict[str, float]:
    """Fill the empty ledger, as the cluster's owner; returns the seconds that each step took."""
    took: dict[str, float] = {}
    started = time.monotonic()

    def note(step: str) -> None:
        took[step] = round(time.monotonic() - started - sum(took.values()), 1)

    # Nothing checks row by row what is made to fit; the constraints of the table still hold.
    connection.execute("SET session_replication_role = replica")
    connection.execute("SET work_mem = '256MB'")
    connection.execute("SET maintenance_work_mem = '1GB'")
    connection.execute("SET max_parallel_maintenance_workers = 2")
    connection.execute("SELECT setseed(0.5)")
    connection.execute(_CAST)
    connection.execute(_DEPLOYMENTS)
    with without_indexes(connection):
        note("people")
        connection.execute(_SESSIONS % {"rows": rows})
        connection.execute(_ROWS % {"rows": rows})
        note("rows")
    note("indexes")
    connection.execute("VACUUM (ANALYZE)")
    note("vacuum and analyze")
    return took
