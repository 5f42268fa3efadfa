"""What can happen to people: each verb is one transaction, called by pages, admin and commands."""

import datetime as dt
from collections.abc import Collection, Iterable
from importlib import import_module
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import logout
from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django.http import HttpRequest

from accounts import errors, first
from accounts.access import person
from accounts.first import setup_link
from accounts.models import Team, User
from accounts.rights import bump_rights
from ops.audit.acts import Act
from ops.audit.trail import forget, record, record_each
from ops.database.deadlocks import again_after_deadlock
from ops.models import AuditEntry

_ADMINISTRATORS = 0x61646D696E73  # an advisory lock: who of them goes is settled one by one
_LATELY = dt.timedelta(days=1)

__all__ = [
    "add_user",
    "ask_for_email",
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
    "forget_erased",
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
            record(Act.SIGNED_UP, user, actor=user, administrator=is_first)
    except IntegrityError as error:
        raise errors.AddressTaken from error
    return user


@transaction.atomic
def add_user(user: User) -> None:
    """Save an account that an administrator made; they vouch for its address."""
    user.save(force_insert=True)
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    record(Act.PERSON_ADDED, user)


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
    user = User.objects.select_for_update(no_key=True).filter(email=address).first()
    if user is None:
        user = User.objects.create_superuser(address, password)
        record(Act.PERSON_ADDED, user, administrator=True)
    else:
        _set(user, is_active=True, is_staff=True, is_superuser=True)
        record(Act.ADMINISTRATION_GRANTED, user)
    EmailAddress.objects.update_or_create(
        user=user, email=address, defaults={"primary": True, "verified": True}
    )
    return user, True


@transaction.atomic
def change_name(user: User, name: str) -> None:
    if _set(user, name=" ".join(name.split())):
        record(Act.PERSON_CHANGED, user, changed=["name"])


@transaction.atomic
def ask_for_email(user: User, email: str) -> EmailAddress:
    """Keep the address that somebody wants to sign in with from when it is proven; return it.

    It takes the place of one asked for before. The present address stays, proven or not: allauth
    takes one that is not for the one asked for before, and would leave nothing to sign in with.
    """
    user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    asked_before = EmailAddress.objects.filter(user=user, verified=False).exclude(email=user.email)
    asked_before.exclude(email=email).delete()
    return EmailAddress.objects.get_or_create(user=user, email=email)[0]


def change_language(user: User, language: str) -> None:
    user.language = language
    user.save(update_fields=["language"])


def change_theme(user: User, theme: str) -> None:
    user.theme = theme
    user.save(update_fields=["theme"])


@transaction.atomic
def change_password(user: User, password: str | None, *, by_mail: bool = False) -> None:
    """Set a new password (None: none fits). Sessions that began with the old one end.

    `by_mail`: whoever sets it came by a link that was mailed.
    """
    user.set_password(password)
    user.save(update_fields=["password"])
    means: dict[str, Any] = {"by": ["mail"]} if by_mail else {}
    record(Act.PASSWORD_CHANGED, user, **means)
    bump_rights()


@transaction.atomic
def sign_out(request: HttpRequest) -> None:
    """End the session of this request."""
    record(Act.SIGNED_OUT, person(request))
    UserSession.objects.filter(session_key=request.session.session_key).delete()
    logout(request)
    bump_rights()


@transaction.atomic
def end_sessions(sessions: Iterable[UserSession]) -> None:
    """Sign browsers out from afar."""
    ending = list(sessions)
    _end(ending)
    people = User.objects.filter(pk__in={session.user_id for session in ending})
    record_each(Act.SESSIONS_ENDED, people.order_by("pk"))
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


@transaction.atomic
def reactivate_user(user: User) -> None:
    if _set(user, is_active=True):
        record(Act.PERSON_REACTIVATED, user)


@transaction.atomic
def grant_administration(user: User) -> None:
    if _set(user, is_staff=True, is_superuser=True):
        record(Act.ADMINISTRATION_GRANTED, user)


@transaction.atomic
def withdraw_administration(user: User) -> None:
    """Make an administrator an ordinary person again. Raises `LastAdministrator`."""
    _keep_one_administrator(without=user)
    if _set(user, is_staff=False, is_superuser=False):
        record(Act.ADMINISTRATION_WITHDRAWN, user)
    bump_rights()


@again_after_deadlock  # what is theirs is in every room, and workers write to it meanwhile
def erase_user(user: User) -> None:
    """Delete somebody with all that is theirs; the audit trail keeps a pseudonym.

    Raises `LastAdministrator`.
    """
    erased = user.pk
    _keep_one_administrator(without=user)
    # Locked, so that what is set for them meanwhile is deleted too, or finds them gone.
    list(User.objects.select_for_update(no_key=True).filter(pk=user.pk))
    _end(UserSession.objects.filter(user=user))
    record(Act.PERSON_ERASED, user)
    User.objects.filter(pk=erased).delete()  # not the one in hand: it may be asked for again
    # Now that whoever changes what is theirs has come before, or finds it gone.
    forget(erased)
    bump_rights()


@transaction.atomic
def forget_erased() -> None:
    """Forget, where they acted of late, who was erased while a request of theirs was under way.

    Its entry was not there yet to be found, or came after.
    """
    _one_by_one()
    lately = AuditEntry.objects.filter(created_at__gt=Now() - _LATELY)
    for name, whose in (("actor_name", "actor"), ("subject_name", "owner")):
        theirs = lately.exclude(**{whose: None}).exclude(**{name: ""})
        gone = theirs.exclude(Exists(User.objects.filter(pk=OuterRef(whose))))
        for erased in gone.values_list(whose, flat=True).distinct():
            forget(erased)


@transaction.atomic
def save_team(team: Team, members: Iterable[User]) -> None:
    """Save a team with exactly these members. Whoever is not among them loses what it opened.

    Raises `django.db.IntegrityError` for a name just taken, and for a member just erased.
    """
    people = list(members)
    rows = Team.objects.select_for_update(no_key=True).filter(pk=team.pk)
    former_name = rows.values_list("name", flat=True).first()
    team.save()
    before = set(team.members.values_list("pk", flat=True))
    team.members.set(people)
    connection.check_constraints()
    after = {user.pk for user in people}
    _record_team(team, former_name, joined=len(after - before), left=len(before - after))
    if before - after:
        bump_rights()


@transaction.atomic
def delete_team(team: Team) -> None:
    """Delete a team that opens nothing. Raises `TeamInUse` while models are limited to it."""
    # Locked, so that no limit to it is committed meanwhile: what it limited would be everybody's.
    team = Team.objects.select_for_update().get(pk=team.pk)
    if team.models.exists():
        raise errors.TeamInUse
    record(Act.TEAM_DELETED, team)
    team.delete()
    bump_rights()


def _set(user: User, **fields: Any) -> bool:
    """Set what is another; say whether anything was."""
    for name, value in fields.items():
        setattr(user, name, value)
    return bool(User.objects.filter(pk=user.pk).exclude(**fields).update(**fields))


def _record_team(team: Team, former_name: str | None, *, joined: int, left: int) -> None:
    """Record what became of a team; of who is in it only how many came and went."""
    counted = {"members_added": joined, "members_removed": left}
    details: dict[str, Any] = {name: count for name, count in counted.items() if count}
    if former_name is None:
        record(Act.TEAM_ADDED, team, **details)
        return
    if former_name != team.name:
        details["name"] = [former_name, team.name]
    if details:
        record(Act.TEAM_CHANGED, team, **details)


def _deactivate(keys: Collection[UUID]) -> list[User]:
    """Set people inactive and end their sessions; as many statements for a thousand as for one."""
    people = User.objects.filter(pk__in=keys)
    leaving = list(people.select_for_update(no_key=True).order_by("pk"))
    record_each(Act.PERSON_DEACTIVATED, [user for user in leaving if user.is_active])
    people.update(is_active=False)
    _end(UserSession.objects.filter(user__in=leaving))
    bump_rights()
    return leaving


def _end(sessions: Iterable[UserSession]) -> None:
    ended = {session.pk: session.session_key for session in sessions}
    store = import_module(settings.SESSION_ENGINE).SessionStore
    store.get_model_class().objects.filter(session_key__in=ended.values()).delete()
    UserSession.objects.filter(pk__in=ended).delete()


def _one_by_one() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ADMINISTRATORS])


def _locked_administrators() -> list[User]:
    """Return the administrators, whom nobody else changes meanwhile.

    Rows that name them, as a key its maker, are written meanwhile: their ids stay.
    Whoever waits begins to look after the wait: of those who are none any more it would lock the
    rows all the same, in the other order than the next one's.
    """
    _one_by_one()
    administrators = User.objects.administrators().select_for_update(no_key=True)
    return list(administrators.order_by("pk"))


def _keep_one_administrator(without: User) -> None:
    """Lock the administrators, so that two who leave at once cannot both be the last but one."""
    administrators = _locked_administrators()
    if without in administrators and len(administrators) == 1:
        raise errors.LastAdministrator
