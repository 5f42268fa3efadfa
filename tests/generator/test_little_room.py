"""Models that read so little at once that a text would be thousands of parts."""

import uuid

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from generator import plan
from generator.actions import add_variant, make_work
from generator.models import Step, Work
from generator.plan import MOST_PARTS
from generator.recipes import built_in
from tests.generator.readers import filled
from tests.generator.test_long_material import SENTENCE, pages

pytestmark = pytest.mark.django_db


def _make(owner, model, values, **options):
    return make_work(owner, built_in["summary"], values, model, uuid.uuid4(), **options)


@pytest.mark.parametrize("window", [520, 700, 900])
def test_more_parts_than_anybody_waits_for_are_refused_in_words(owner, model, window):
    model.context_window = window  # none beside the answer, none beside the prompt, hardly any
    model.save()
    with pytest.raises(ValidationError, match="too long for this model"):
        _make(owner, model, filled("summary", text=SENTENCE * 14_000))
    assert not Work.objects.exists()
    assert not Step.objects.exists()


def test_of_one_more_the_same_is_said(owner, model):
    work = _make(owner, model, filled("summary", text=pages(12)))
    model.context_window = 600
    model.save()
    with pytest.raises(ValidationError, match="too long for this model"):
        add_variant(work, model, uuid.uuid4())
    assert work.variants.count() == 1


def test_a_text_of_many_parts_is_read(owner, model):
    model.max_output_tokens = 1500
    model.save()
    work = _make(owner, model, filled("summary", text=SENTENCE * 8_000))
    assert 300 < Step.objects.filter(variant__work=work).count() <= MOST_PARTS


def test_the_page_says_so_at_the_form(owner_client, model):
    model.context_window = 600
    model.save()
    sent = filled("summary", text=pages(12)) | {"client_id": str(uuid.uuid4()), "file": ""}
    response = owner_client.post(reverse("generator:recipe-view", args=["summary"]), sent)
    assert response.status_code == 422
    assert "too long for this model" in response.content.decode()


def test_the_parts_of_all_results_are_the_same_and_found_once(owner, model, monkeypatch):
    cuts = []

    def split(*args, **options):
        cuts.append(args)
        return found(*args, **options)

    found = plan.split
    monkeypatch.setattr("generator.plan.split", split)
    work = _make(owner, model, filled("summary", text=pages(6)), variants=3)
    parts = [
        list(variant.steps.order_by("position").values_list("start", "end", "is_last"))
        for variant in work.variants.all()
    ]
    assert parts[0] == parts[1] == parts[2]
    assert len(parts[0]) > 1
    assert len(cuts) == 1
