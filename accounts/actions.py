"""What can happen to people: each verb is one transaction, called by pages, admin and commands."""

from collections.abc import Collection, Iterable
from importlib import import_module
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import logout
from django.db import IntegrityError, connection, transaction
from django.http import HttpRequest

from accounts import errors, first
from accounts.first import setup_link
from accounts.models import Team, User
from accounts.rights import bump_rights

_ADMINISTRATORS = 0x61646D696E73  # an advisory lock: who of them goes is settled one by one

__all__ = [
    "add_user",
    "change_language",
    "change_name",
    "change_password",
    "change_theme",
    "deactivate_user",
    "deactivate_users",
    "delete_team",
    "end_sessions",
    "ensure_administrator",
    "erase_user",
    "grant_administration",
    "reactivate_user",
    "save_team",
    "setup_link",
    "sign_out",
    "sign_up",
    "withdraw_administration",
]


def sign_up(email: str, password: str, setup_token: str = "") -> User:
    """Make an account. The very first one becomes the administrator.

    Raises `SetupLinkNeeded`, `SignUpClosed` or `AddressTaken`; then nothing was written.
    """
    user = User(email=email.strip().lower())
    user.set_password(password)  # slow on purpose: not while the row of the first one is locked
    try:
        with transaction.atomic():
            is_first = first.claim()
            if is_first and not first.opens_setup(setup_token):
                raise errors.SetupLinkNeeded
            if not is_first and not settings.SIGNUP_OPEN:
                raise errors.SignUpClosed
            user.is_staff = user.is_superuser = is_first
            user.save(force_insert=True)
            # Whoever holds the house needs no mail to prove it, and may have no mail server yet.
            EmailAddress.objects.create(
                user=user, email=user.email, primary=True, verified=is_first
            )
    except IntegrityError as error:
        raise errors.AddressTaken from error
    return user


@transaction.atomic
def add_user(user: User) -> None:
    """Save an account that an administrator made; they vouch for its address."""
    user.save(force_insert=True)
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)


@transaction.atomic
def ensure_administrator(email: str, password: str) -> tuple[User, bool]:
    """Make the administrator named by the environment, unless there is one already.

    Returns the administrator and whether it was made now. An existing account of that address is
    promoted only when the house has no administrator at all; its password stays.
    """
    first.claim()
    address = email.strip().lower()
    existing = User.objects.administrators().order_by("date_joined").first()
    if existing is not None:
        return existing, False
    user = User.objects.select_for_update().filter(email=address).first()
    if user is None:
        user = User.objects.create_superuser(address, password)
    else:
        user.is_active = user.is_staff = user.is_superuser = True
        user.save(update_fields=["is_active", "is_staff", "is_superuser"])
    EmailAddress.objects.update_or_create(
        user=user, email=address, defaults={"primary": True, "verified": True}
    )
    return user, True


def change_name(user: User, name: str) -> None:
    user.name = " ".join(name.split())
    user.save(update_fields=["name"])


def change_language(user: User, language: str) -> None:
    user.language = language
    user.save(update_fields=["language"])


def change_theme(user: User, theme: str) -> None:
    user.theme = theme
    user.save(update_fields=["theme"])


@transaction.atomic
def change_password(user: User, password: str | None) -> None:
    """Set a new password (None: none fits). Sessions that began with the old one end."""
    user.set_password(password)
    user.save(update_fields=["password"])
    bump_rights()


@transaction.atomic
def sign_out(request: HttpRequest) -> None:
    """End the session of this request."""
    UserSession.objects.filter(session_key=request.session.session_key).delete()
    logout(request)
    bump_rights()


@transaction.atomic
def end_sessions(sessions: Iterable[UserSession]) -> None:
    """Sign browsers out from afar."""
    _end(sessions)
    bump_rights()


@transaction.atomic
def deactivate_user(user: User) -> None:
    """Lock somebody out at once, keeping what is theirs. Raises `LastAdministrator`."""
    _keep_one_administrator(without=user)
    _deactivate([user.pk])
    user.is_active = False


@transaction.atomic
def deactivate_users(users: Iterable[User], by: User) -> list[User]:
    """Lock many out at once; returns whom. Where no administrator would be left, `by` stays in."""
    administrators = _locked_administrators()
    chosen = {user.pk for user in users}
    if administrators and all(each.pk in chosen for each in administrators):
        chosen.discard(by.pk if by in administrators else administrators[0].pk)
    return _deactivate(chosen)


def reactivate_user(user: User) -> None:
    user.is_active = True
    user.save(update_fields=["is_active"])


def grant_administration(user: User) -> None:
    user.is_staff = user.is_superuser = True
    user.save(update_fields=["is_staff", "is_superuser"])


@transaction.atomic
def withdraw_administration(user: User) -> None:
    """Make an administrator an ordinary person again. Raises `LastAdministrator`."""
    _keep_one_administrator(without=user)
    user.is_staff = user.is_superuser = False
    user.save(update_fields=["is_staff", "is_superuser"])
    bump_rights()


@transaction.atomic
def erase_user(user: User) -> None:
    """Delete somebody with all that is theirs. Raises `LastAdministrator`."""
    _keep_one_administrator(without=user)
    # Locked, so that what is set for them meanwhile is deleted too, or finds them gone.
    list(User.objects.select_for_update(no_key=True).filter(pk=user.pk))
    _end(UserSession.objects.filter(user=user))
    user.delete()
    bump_rights()


@transaction.atomic
def save_team(team: Team, members: Iterable[User]) -> None:
    """Save a team with exactly these members. Whoever is not among them loses what it opened.

    Raises `django.db.IntegrityError` for a name just taken, and for a member just erased.
    """
    people = list(members)
    team.save()
    before = set(team.members.values_list("pk", flat=True))
    team.members.set(people)
    connection.check_constraints()
    if before - {user.pk for user in people}:
        bump_rights()


@transaction.atomic
def delete_team(team: Team) -> None:
    """Delete a team that opens nothing. Raises `TeamInUse` while models are limited to it."""
    # Locked, so that no limit to it is committed meanwhile: what it limited would be everybody's.
    team = Team.objects.select_for_update().get(pk=team.pk)
    if team.models.exists():
        raise errors.TeamInUse
    team.delete()
    bump_rights()


def _deactivate(keys: Collection[UUID]) -> list[User]:
    """Set people inactive and end their sessions; as many statements for a thousand as for one."""
    people = User.objects.filter(pk__in=keys)
    leaving = list(people.select_for_update(no_key=True).order_by("pk"))
    people.update(is_active=False)
    _end(UserSession.objects.filter(user__in=leaving))
    bump_rights()
    return leaving


def _end(sessions: Iterable[UserSession]) -> None:
    ended = {session.pk: session.session_key for session in sessions}
    store = import_module(settings.SESSION_ENGINE).SessionStore
    store.get_model_class().objects.filter(session_key__in=ended.values()).delete()
    UserSession.objects.filter(pk__in=ended).delete()


def _locked_administrators() -> list[User]:
    """Return the administrators, whom nobody else changes meanwhile.

    Whoever waits begins to look after the wait: of those who are none any more it would lock the
    rows all the same, in the other order than the next one's.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ADMINISTRATORS])
    return list(User.objects.administrators().select_for_update().order_by("pk"))


def _keep_one_administrator(without: User) -> None:
    """Lock the administrators, so that two who leave at once cannot both be the last but one."""
    administrators = _locked_administrators()
    if without in administrators and len(administrators) == 1:
        raise errors.LastAdministrator
