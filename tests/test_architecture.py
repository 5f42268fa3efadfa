"""The house, held by tests where import-linter cannot look."""

import ast
import re
import tomllib
from pathlib import Path

import pytest
from celery import current_app
from django.apps import apps
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
ROOMS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][
    0
]["layers"]
RANK = {
    room.strip(): len(ROOMS) - level
    for level, layer in enumerate(ROOMS)
    for room in layer.split("|")
}
SOURCES = [
    path
    for room in RANK
    for path in sorted((ROOT / room).rglob("*.py"))
    if "migrations" not in path.parts
]


def test_foreign_keys_point_downward_as_imports_do():
    upward = [
        f"{model._meta.label}.{field.name} → {field.related_model._meta.label}"
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if field.is_relation
        and not field.auto_created
        and field.related_model
        and model._meta.app_label in RANK
        and field.related_model._meta.app_label in RANK
        and RANK[field.related_model._meta.app_label] > RANK[model._meta.app_label]
    ]
    assert upward == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_fits_on_a_few_screens(path: Path):
    assert len(path.read_text().splitlines()) <= 400


def test_most_files_fit_on_two_screens():
    lengths = sorted(len(path.read_text().splitlines()) for path in SOURCES)
    assert lengths[int(len(lengths) * 0.9)] < 200


def test_most_functions_fit_on_one_screen():
    lengths = sorted(
        node.end_lineno - node.lineno + 1
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno
    )
    assert lengths[int(len(lengths) * 0.9)] < 30


def test_there_are_no_drawers():
    drawers = {"utils", "util", "helpers", "helper", "common", "misc", "services", "managers"}
    assert [str(path) for path in SOURCES if path.stem in drawers] == []


def test_every_task_of_ours_goes_to_a_queue_that_workers_read():
    current_app.loader.import_default_modules()
    ours = [name for name in current_app.tasks if name.split(".")[0] in RANK]
    routes = settings.CELERY_TASK_ROUTES
    queues = {
        routes.get(name, {}).get("queue", settings.CELERY_TASK_DEFAULT_QUEUE) for name in ours
    }
    assert ours
    assert queues <= {"interactive", "background"}


def test_the_schedule_names_tasks_that_exist():
    current_app.loader.import_default_modules()
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        assert entry["task"] in current_app.tasks


def test_only_the_metered_call_reaches_a_backend():
    callers = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if "providers" not in path.relative_to(ROOT).parts[:1]
        and re.search(r"import .*backend_for|providers\.backends", path.read_text())
    ]
    assert callers == ["usage/metered.py"]


def test_no_committed_requirement_names_a_registry():
    locks = (ROOT / "tests").rglob("package*.json")
    for path in [*(ROOT / "requirements").iterdir(), *locks]:
        assert not re.search(r"https?://|--(extra-)?index-url", path.read_text()), path
