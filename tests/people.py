"""The cast every test shares: the owner of things, somebody else, and the administrator."""

from itertools import count

from allauth.account.models import EmailAddress
from django.test import Client

from accounts.models import User

PASSWORD = "gate-lantern-41"
_numbers = count(1)


def make_person(email: str = "", **fields) -> User:
    """A person with `PASSWORD` and a proven address."""
    user = User.objects.create_user(
        email or f"person{next(_numbers)}@example.test", PASSWORD, **fields
    )
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    return user


def make_administrator(email: str = "admin@example.test") -> User:
    return make_person(email, is_staff=True, is_superuser=True)


def signed_in(user: User) -> Client:
    """A browser in which `user` is signed in."""
    client = Client()
    client.force_login(user)
    return client
