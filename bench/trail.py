"""The pages of the audit trail, over a million entries.

    python -m bench.trail [--rows 1000000] [--data FOLDER]

By the method of `bench.ledger`: a cluster of its own, filled by SQL, whose pages are asked through
Django's whole stack. Entries are like those of a house of 2,000 people in 18 months: nine of ten
are sign-ins and sign-outs, a tenth is the administration of three people, the rest keys, commands
and the house itself. The goal is that of one filter or search;
of several at once the first is led to by its index and its rows are read until enough fit the rest.
"""

import datetime as dt
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg

from bench.figures import Goal
from bench.ledger import run
from ops.embedded import DATABASE_NAME, postgres_url
from ops.places import BASE_DIR
from ops.postgres import OWNER

ROWS = 1_000_000
PAGE_MS = 150.0
PLANS = BASE_DIR / "bench" / "results" / "trail-plans.txt"
LIST = "/admin/ops/auditentry/"
PEOPLE, TEAMS, DAYS = 2_000, 200, 548

_CAST = f"""
INSERT INTO accounts_user (id, password, is_superuser, is_staff, is_active, date_joined, email,
    name, language, theme)
SELECT gen_random_uuid(), '!', false, false, true, now() - interval '{DAYS} days',
    'person-' || n || '@example.test', 'Person ' || n, '', 'system'
FROM generate_series(1, {PEOPLE}) AS n;
INSERT INTO accounts_team (id, name, created_at)
SELECT gen_random_uuid(), 'Team ' || n, now() FROM generate_series(1, {TEAMS}) AS n;
CREATE TEMP TABLE person AS
SELECT split_part(name, ' ', 2)::int AS n, id, email FROM accounts_user WHERE email LIKE 'person-%';
CREATE TEMP TABLE team AS
SELECT split_part(name, ' ', 2)::int AS n, id, name FROM accounts_team;
ANALYZE person; ANALYZE team;
"""
# Who acts: Zipf's shares. The first three are the administrators, who also change teams and people.
_ROWS = f"""
INSERT INTO ops_auditentry (created_at, act, actor, actor_name, kind, key, owner, subject_name,
    door, address, browser, details)
SELECT now() - (1 - i::float8 / %(rows)s) * interval '{DAYS} days', e.act,
    CASE WHEN e.door = 'web' THEN a.id END, CASE WHEN e.door = 'web' THEN a.email ELSE '' END,
    CASE split_part(e.act, '.', 1) WHEN 'team' THEN 'accounts.team'
        WHEN 'house' THEN '' WHEN 'key' THEN 'accounts.apikey' ELSE 'accounts.user' END,
    CASE split_part(e.act, '.', 1) WHEN 'team' THEN t.id::text WHEN 'house' THEN ''
        WHEN 'key' THEN gen_random_uuid()::text ELSE s.id::text END,
    CASE WHEN split_part(e.act, '.', 1) IN ('person', 'key') THEN s.id END,
    CASE split_part(e.act, '.', 1) WHEN 'team' THEN t.name WHEN 'house' THEN ''
        WHEN 'key' THEN 'Program ' || i ELSE s.email END,
    e.door, CASE WHEN e.door = 'web' THEN ('10.0.' || i %% 250 || '.' || i %% 199)::inet END,
    CASE WHEN e.door = 'web' THEN 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0'
        ELSE '' END,
    CASE WHEN e.act = 'team.changed' THEN '{{"members": [3, 4]}}'::jsonb ELSE '{{}}'::jsonb END
FROM (
    SELECT i, r2, r3, CASE WHEN r1 < 0.5 THEN 'person.signed_in' WHEN r1 < 0.85 THEN
            'person.signed_out' WHEN r1 < 0.9 THEN 'person.sign_in_failed' WHEN r1 < 0.95 THEN
            'person.changed' WHEN r1 < 0.98 THEN 'team.changed' WHEN r1 < 0.995 THEN
            'key.issued' WHEN i < %(rows)s / 10 AND r1 < 0.9955 THEN 'person.erased' ELSE
            'house.secrets_reencrypted' END AS act,
        CASE WHEN r1 < 0.995 THEN 'web' WHEN r1 < 0.998 THEN 'command' ELSE 'house' END AS door,
        CASE WHEN r1 BETWEEN 0.9 AND 0.98 THEN 1 + floor(r2 * 3)::int
            ELSE 1 + floor(exp(r2 * ln({PEOPLE}.99)))::int END AS who
    FROM (
        SELECT i, random() AS r1, random() AS r2, random() AS r3
        FROM generate_series(1, %(rows)s) AS i OFFSET 0
    ) AS drawn
) AS e
JOIN person a ON a.n = e.who
JOIN person s ON s.n = CASE WHEN e.act = 'person.changed'
    THEN 1 + floor(e.r3 * {PEOPLE})::int ELSE e.who END
JOIN team t ON t.n = 1 + floor(e.r3 * {TEAMS})::int
ORDER BY e.i
"""


def fill(data: Path, rows: int) -> dict[str, Any]:
    started = time.monotonic()
    with psycopg.connect(postgres_url(data, OWNER, DATABASE_NAME), autocommit=True) as connection:
        connection.execute("SET work_mem = '256MB'")
        connection.execute("SELECT setseed(0.5)")
        connection.execute(_CAST)
        connection.execute(_ROWS % {"rows": rows})
        connection.execute("VACUUM (ANALYZE)")
        sizes = connection.execute(
            "SELECT pg_relation_size('ops_auditentry'), pg_indexes_size('ops_auditentry')"
        ).fetchone()
    assert sizes is not None
    return {
        "scenario": f"{rows:,} entries made",
        "seconds": round(time.monotonic() - started, 1),
        "megabytes": {"table": sizes[0] // 10**6, "its indexes": sizes[1] // 10**6},
    }


def asks() -> Iterator[tuple[str, str]]:
    """Yield names and addresses."""
    from accounts.models import Team, User
    from ops.models import AuditEntry

    today = dt.datetime.now(dt.UTC).date()
    ago = {n: (today - dt.timedelta(days=n)).isoformat() for n in (0, 1, 30, 400, 540, 900)}
    heavy, middle, rare = (
        User.objects.get(email=f"person-{n}@example.test") for n in (1, 100, 1999)
    )
    team = Team.objects.order_by("pk")[0]
    queries: dict[str, dict[str, object]] = {
        "first page": {},
        "second page": {"p": 2},
        "last page": {"p": 200},
        "act, half of all": {"act": "person.signed_in"},
        "act, few": {"act": "team.changed"},
        "act, of the oldest alone": {"act": "person.erased"},
        "act, of nobody": {"act": "run.stopped"},
        "act, last page": {"act": "person.signed_in", "p": 200},
        "who, an eighth": {"actor": heavy.pk},
        "who, few": {"actor": rare.pk},
        "kind, most": {"kind": "accounts.user"},
        "kind, few": {"kind": "accounts.team"},
        "kind, none": {"kind": "providers.provider"},
        "object, an eighth": {"object": f"accounts.user/{heavy.pk}"},
        "object, few": {"object": f"accounts.team/{team.pk}"},
        "door, most": {"door": "web"},
        "door, few": {"door": "command"},
        "a day of now": {"created_at_from": ago[0], "created_at_to": ago[0]},
        "a day 400 days ago": {"created_at_from": ago[400], "created_at_to": ago[400]},
        "a year, until 30 days ago": {"created_at_from": ago[400], "created_at_to": ago[30]},
        "all days": {"created_at_from": ago[540], "created_at_to": ago[0]},
        "before there was anything": {"created_at_to": ago[900]},
        "found: person, an eighth": {"q": heavy.email},
        "found: person, some": {"q": middle.email},
        "found: person, few": {"q": rare.email},
        "found: a hundred people": {"q": "person-1"},
        "found: nobody": {"q": "nobody-at-all"},
        "found: a key": {"q": "Program 4711"},
        "found: a team": {"q": "team 77"},
        "found: one letter": {"q": "t"},
        "several: who, act": {"actor": heavy.pk, "act": "team.changed"},
        "several: who, an act never theirs": {"actor": middle.pk, "act": "team.changed"},
        "several: who, act of the oldest": {"actor": heavy.pk, "act": "person.erased"},
        "several: who, 400 days ago": {"actor": heavy.pk, "created_at_to": ago[400]},
        "several: act, 400 days ago": {"act": "person.signed_in", "created_at_to": ago[400]},
        "several: kind, door": {"kind": "accounts.user", "door": "house"},
        "several: found, act": {"q": "person-1", "act": "team.changed"},
        "several: found, 400 days ago": {"q": heavy.email, "created_at_to": ago[400]},
    }  # fmt: skip
    for name, query in queries.items():
        yield name, f"{LIST}?{urlencode(query)}" if query else LIST
    for name, order in (("newest entry", "-pk"), ("oldest entry", "pk")):
        yield name, f"{LIST}{AuditEntry.objects.order_by(order)[0].pk}/change/"


def measured(plans: Path) -> Iterator[dict[str, Any]]:
    from bench.ledger_pages import administrator, client_of, page, told

    client = client_of(administrator())
    kept: dict[str, Any] = {}
    times: dict[str, dict[str, float]] = {}
    for name, url in asks():
        times[name], kept[name] = page(client, name, url, '"ops_auditentry"')
    plans.write_text("\n\n".join(told(kept)) + "\n")
    one = [name for name in times if not name.startswith("several")]
    slowest = max(one, key=lambda name: times[name]["median"])
    work = {name: each["own_processor"] + each["database"] for name, each in times.items()}
    most_work = max(one, key=lambda name: work[name])
    yield {
        "scenario": "pages of the audit trail",
        "ms": times,
        "goals": [
            Goal(f"most work ({most_work})", work[most_work], PAGE_MS, unit="ms").json(),
            Goal(f"slowest page ({slowest})", times[slowest]["median"], PAGE_MS, unit="ms").json(),
        ],
    }


if __name__ == "__main__":
    sys.exit(run("trail", ROWS, PLANS, fill, measured))
