import pytest
from django.contrib.auth import get_user_model


@pytest.mark.django_db
def test_a_person_can_be_made():
    assert get_user_model().objects.create_user("A@Example.test", "x").email == "a@example.test"
