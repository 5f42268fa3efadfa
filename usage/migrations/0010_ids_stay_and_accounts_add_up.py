from django.db import migrations, models
from django.db.models.deletion import DO_NOTHING

_SUMS = """
UPDATE usage_account AS account
SET calls = sums.calls, input_tokens = sums.input_tokens, output_tokens = sums.output_tokens,
    cost = sums.cost
FROM (
    SELECT account_id, sum(calls) AS calls, sum(input_tokens) AS input_tokens,
        sum(output_tokens) AS output_tokens, sum(cost) AS cost
    FROM usage_hourlyusage GROUP BY account_id
) AS sums
WHERE sums.account_id = account.id
"""
# A closed record does not change at all any more.
_FREEZE = """
DROP TRIGGER usage_record_changed ON usage_usagerecord;
CREATE TRIGGER usage_record_changed BEFORE UPDATE ON usage_usagerecord FOR EACH ROW
WHEN (OLD.state <> 'held' AND OLD.* IS DISTINCT FROM NEW.*)
EXECUTE FUNCTION usage_keep_record();
"""
_UNFREEZE = """
DROP TRIGGER usage_record_changed ON usage_usagerecord;
CREATE TRIGGER usage_record_changed BEFORE UPDATE ON usage_usagerecord FOR EACH ROW
WHEN (
    OLD.state <> 'held'
    AND to_jsonb(OLD) - ARRAY['model_id', 'deployment_id', 'credential_id', 'key_id']
        <> to_jsonb(NEW) - ARRAY['model_id', 'deployment_id', 'credential_id', 'key_id']
)
EXECUTE FUNCTION usage_keep_record();
"""
MODEL, KEY, CREDENTIAL = "providers.modelspec", "accounts.apikey", "providers.credential"
# Table, column, and the table that its id leads to.
_NAMED = [
    (table, f"{field}_id", to.replace(".", "_"))
    for table, fields in (
        ("usage_usagerecord", {"model": MODEL, "deployment": MODEL, "key": KEY}),
        ("usage_usagerecord", {"credential": CREDENTIAL}),
        ("usage_hourlyusage", {"model": MODEL, "deployment": MODEL, "key": KEY}),
    )
    for field, to in fields.items()
]
_FORGET = [
    f"UPDATE {table} SET {column} = NULL WHERE {column} IS NOT NULL"  # noqa: S608
    f" AND NOT EXISTS (SELECT FROM {to} WHERE {to}.id = {table}.{column})"
    for table, column, to in _NAMED
] + ["SET CONSTRAINTS ALL IMMEDIATE"]  # nothing is left to check when the tables are altered


def _sum() -> models.PositiveBigIntegerField:
    return models.PositiveBigIntegerField(default=0, db_default=0, editable=False)


def _named(model: str, to: str, name: str, caption: str = "", related: str = "+", **options: bool):
    words = {"verbose_name": caption} if caption else {}
    field = models.ForeignKey(
        to, DO_NOTHING, null=True, related_name=related, db_constraint=False, **words, **options
    )
    return migrations.AlterField(model, name, field)


class Migration(migrations.Migration):
    """What a row of the ledger names may be deleted at no cost, however many rows name it.

    Nothing here rewrites the ledger.
    """

    dependencies = [
        ("accounts", "0003_api_keys"),
        ("providers", "0005_public_names"),
        ("usage", "0009_closed_records_stay"),
    ]

    operations = [
        *(
            migrations.AddField("account", name, _sum())
            for name in ("calls", "input_tokens", "output_tokens")
        ),
        migrations.AddField(
            "account",
            "cost",
            models.DecimalField(
                decimal_places=10, default=0, db_default=0, editable=False, max_digits=20
            ),
        ),
        migrations.RunSQL(_SUMS, migrations.RunSQL.noop),
        _named("hourlyusage", MODEL, "deployment"),
        _named("hourlyusage", MODEL, "model"),
        _named("hourlyusage", KEY, "key"),
        _named("usagerecord", CREDENTIAL, "credential", "credential", db_index=False),
        _named("usagerecord", KEY, "key", "API key", db_index=False),
        _named("usagerecord", MODEL, "model", "model", "usage", db_index=False),
        _named("usagerecord", MODEL, "deployment", "deployment"),
        migrations.RunSQL(migrations.RunSQL.noop, _FORGET),
        migrations.RunSQL(_FREEZE, _UNFREEZE),
    ]
