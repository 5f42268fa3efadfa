"""The words for what a connection test found: for each thing that was tried, one line."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from boundary.encryption import UnreadableSecretError
from providers import errors
from providers.models import Credential, ModelSpec, Provider

_OF_KEYS = (
    errors.AuthenticationFailed,
    errors.PermissionRefused,
    errors.QuotaExceeded,
    errors.RateLimited,
)


class Verdict(TextChoices):
    PASSED = "passed", gettext_lazy("passed")
    FAILED = "failed", gettext_lazy("failed")
    NOT_TRIED = "not_tried", gettext_lazy("not tried")


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was tried. The sentence says what to do where it is not passed."""

    what: str
    verdict: Verdict
    sentence: str

    @property
    def colour(self) -> str:
        return {Verdict.PASSED: "success", Verdict.FAILED: "danger"}.get(self.verdict, "")


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking for the list of models with `key`; with none where that is `None`."""

    key: Credential | None
    seconds: float
    found: int = 0
    error: errors.ProviderError | UnreadableSecretError | None = None

    @property
    def was_answered(self) -> bool:
        """Say whether the server itself answered, whatever it said."""
        elsewhere = errors.ConnectionFailed | errors.ConnectTimeout | errors.Redirected
        return not isinstance(self.error, elsewhere)

    @property
    def leads_on(self) -> bool:
        """Say whether a model may answer where the list was answered so."""
        return self.was_answered and not isinstance(self.error, errors.AuthenticationFailed)


@dataclass(slots=True)
class Heard:
    """What came of asking a model for a few words: the key used, seconds to the first."""

    credential_id: UUID | None = None
    first_seconds: float | None = None
    error: errors.ProviderError | None = None


def as_a_backend(asked: list[Asked]) -> list[Asked]:
    """Return the requests that were made as a model's would be: with a key, where one is usable."""
    with_keys = [each for each in asked[1:] if not isinstance(each.error, UnreadableSecretError)]
    return with_keys or asked[:1]


def lines_of(
    provider: Provider, asked: list[Asked], spec: ModelSpec | None, heard: Heard | None
) -> list[Line]:
    """Return a line for each thing tried; `asked` begins with the request without a key."""
    used = as_a_backend(asked)
    return [
        _reachable(provider, used),
        *_keys(provider, asked, heard),
        _models(provider, used),
        _streaming(used, spec, heard),
        _latency(used, heard),
    ]


def _reachable(provider: Provider, asked: list[Asked]) -> Line:
    what = _("Reachable")
    if not provider.base_url:
        return Line(what, Verdict.FAILED, _("The provider has no address. Enter one."))
    if any(each.was_answered for each in asked):
        return Line(what, Verdict.PASSED, _("The server answers."))
    return Line(what, Verdict.FAILED, _advised(asked[0].error))


def _keys(provider: Provider, asked: list[Asked], heard: Heard | None) -> Iterator[Line]:
    open_to_all, *with_keys = asked
    if not with_keys:
        yield _without_key(provider, open_to_all)
    for each in with_keys:
        verdict, sentence = _key(each, open_to_all, heard, is_only=len(with_keys) == 1)
        yield Line(_("Key %s") % each.key, verdict, sentence)


def _without_key(provider: Provider, asked: Asked) -> Line:
    what = _("Key")
    if provider.base_url and provider.credentials.exists():
        sentence = _(
            "The stored keys are disabled or belong to another address. Store a key again."
        )
        return Line(what, Verdict.FAILED, sentence)
    if isinstance(asked.error, _OF_KEYS):
        return Line(what, Verdict.FAILED, _("The server needs a key. Add one."))
    sentence = _("No key is stored.")
    if asked.error is None:
        sentence = _("No key is stored, and the server asks for none.")
    return Line(what, Verdict.NOT_TRIED, sentence)


def _key(
    asked: Asked, open_to_all: Asked, heard: Heard | None, *, is_only: bool
) -> tuple[Verdict, str]:
    if isinstance(asked.error, UnreadableSecretError):
        return Verdict.FAILED, _("The stored key cannot be decrypted. Store it again.")
    if not asked.was_answered:
        return Verdict.NOT_TRIED, _("The server was not reached.")
    if isinstance(asked.error, errors.PermissionRefused):
        return Verdict.FAILED, _("The server does not let this key see its models.")
    if isinstance(asked.error, _OF_KEYS):
        return Verdict.FAILED, _advised(asked.error)
    if asked.error is None and isinstance(open_to_all.error, errors.AuthenticationFailed):
        return Verdict.PASSED, _("The server accepts it.")
    if heard and asked.key and (is_only or heard.credential_id == asked.key.pk):
        if heard.error is None:
            return Verdict.PASSED, _("A model answered with it.")
        if isinstance(heard.error, _OF_KEYS):
            return Verdict.FAILED, _advised(heard.error)
    sentence = _("The server lists its models to anybody: only an answer tells.")
    if asked.error:
        sentence = _("The list of models was not given out: only an answer tells.")
    return Verdict.NOT_TRIED, sentence


def _models(provider: Provider, asked: list[Asked]) -> Line:
    what = _("Models found")
    answered = [each for each in asked if each.was_answered]
    if not answered:
        return Line(what, Verdict.NOT_TRIED, _("The server was not reached."))
    given = [each.found for each in answered if each.error is None]
    if given and not max(given):
        sentence = _("The server has no models. Load one there, or add models by name.")
        return Line(what, Verdict.FAILED, sentence)
    if given:
        found = ngettext("%d model.", "%d models.", max(given)) % max(given)
        if provider.kind == Provider.Kind.AZURE:
            found += " " + _("Azure lists what it sells: add your deployments by name.")
        return Line(what, Verdict.PASSED, found)
    told = [each.error for each in answered if not isinstance(each.error, _OF_KEYS)]
    if not told:
        return Line(what, Verdict.NOT_TRIED, _("The list needs a valid key."))
    if isinstance(told[-1], errors.ModelNotFound):
        sentence = _(
            "There is no list of models at this address. Most addresses end in /v1. "
            "You can also add models by name."
        )
        return Line(what, Verdict.FAILED, sentence)
    return Line(what, Verdict.FAILED, _advised(told[-1]))


def _streaming(asked: list[Asked], spec: ModelSpec | None, heard: Heard | None) -> Line:
    what = _("Streaming")
    if heard and spec:
        if heard.error is None:
            return Line(what, Verdict.PASSED, _("%s answered word by word.") % spec.label)
        said = f"{spec.label}: {_advised(heard.error)}"
        if isinstance(heard.error, errors.LimitReached):  # says nothing of the server
            why = _("The test counts against your own limits: no model was asked.")
            return Line(what, Verdict.NOT_TRIED, f"{said} {why}")
        return Line(what, Verdict.FAILED, said)
    if not any(each.was_answered for each in asked):
        return Line(what, Verdict.NOT_TRIED, _("The server was not reached."))
    if spec is None:
        return Line(what, Verdict.NOT_TRIED, _("Add a model first, and enable it."))
    return Line(what, Verdict.NOT_TRIED, _("A model answers with a valid key only."))


def _latency(asked: list[Asked], heard: Heard | None) -> Line:
    what = _("Latency")
    trips = [each.seconds for each in asked if each.was_answered]
    if not trips:
        return Line(what, Verdict.NOT_TRIED, _("The server was not reached."))
    times = {"trip": _milliseconds(min(trips))}
    if heard is None or heard.first_seconds is None:
        sentence = _("Round trip %(trip)d ms; no model was heard.")
        return Line(what, Verdict.NOT_TRIED, sentence % times)
    times["first"] = _milliseconds(heard.first_seconds)
    sentence = _("Round trip %(trip)d ms, first token after %(first)d ms.")
    return Line(what, Verdict.PASSED, sentence % times)


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))


def _advised(error: Exception | None) -> str:
    """Return the error's sentence with what an administrator can do. Never upstream text."""
    assert isinstance(error, errors.ProviderError)
    advice = {
        errors.ConnectionFailed: _("Check the address and the port, and whether the server runs."),
        errors.ConnectTimeout: _("Check the address and the port, and whether the server runs."),
        errors.AddressRefused: _("Allow private addresses if the server is in your own network."),
        errors.FirstTokenTimeout: _("Try again: the server may just be loading the model."),
        errors.BadResponse: _("Check the address: is it one for programs? Most end in /v1."),
        errors.ModelNotFound: _("Check the model's upstream name."),
    }.get(type(error), "")
    return f"{error.sentence} {advice}".strip()
