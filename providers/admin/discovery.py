"""The page "Find models": a server's own list, from which an administrator fills the catalogue.

What a request says is only names: the server is asked again before any of them is added, so that
abilities, limits and prices come from it and from the snapshot, never from a form's hidden fields.
"""

from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from boundary.encryption import UnreadableSecretError
from providers import catalogue
from providers.admin import shown
from providers.discovery import add_models, listed
from providers.errors import AuthenticationFailed, ModelNotFound, ProviderError
from providers.models import ModelSpec, Provider
from providers.offers import Offered

MOST = 500  # rows of one page
_CHOOSE = UnfoldBooleanWidget(check_test=lambda value: False)


class FilterForm(forms.Form):
    part = forms.CharField(
        label=gettext_lazy("Part of a name; leave empty for all models"),
        required=False,
        max_length=100,
        widget=UnfoldAdminTextInputWidget({"type": "search"}),
    )


@dataclass
class Found:
    """What a server answered, beside what the catalogue has of it; `error` says why it did not."""

    models: list[Offered] = field(default_factory=list)
    known: dict[str, ModelSpec] = field(default_factory=dict)
    error: object = ""

    @classmethod
    def of(cls, provider: Provider) -> "Found":
        """Ask the provider's server. Blocking, for some seconds at most."""
        known = {spec.name: spec for spec in provider.specs.all()}
        if not provider.base_url:
            return cls(known=known, error=_("This provider has no address to ask."))
        try:
            models = listed(
                provider.base_url,
                provider.current_secret(),
                allow_private=provider.allow_private,
                kind=provider.kind,
            )
        except UnreadableSecretError:
            return cls(known=known, error=_("The stored key cannot be decrypted. Store it again."))
        except AuthenticationFailed as error:
            return cls(known=known, error=_why_refused(provider) or error.sentence)
        except ModelNotFound:
            return cls(known=known, error=_("There is no list of models at this address."))
        except ProviderError as error:
            return cls(known=known, error=error.sentence)
        return cls(models, known)

    def gone(self) -> list[ModelSpec]:
        """Return the catalogue's models that the server no longer lists."""
        names = {each.name for each in self.models}
        return [spec for name, spec in self.known.items() if name not in names]


def _why_refused(provider: Provider) -> str:
    """Say why the server was asked without a key, where it was."""
    stored = provider.credentials.exclude(retires_at__lte=Now())
    if stored.usable(provider).exists():
        return ""
    if not stored.exists():
        return _("The server needs a key. Add one.")
    if stored.filter(is_enabled=True).exists():
        return _(
            "The stored keys belong to another address and were not sent to this one. "
            "Enter them again."
        )
    return _("The stored keys are disabled. Enable one.")


@require_http_methods(["GET", "HEAD", "POST"])
def find_models(request: HttpRequest, admin: ModelAdmin, object_id: str) -> HttpResponse:
    """Show what the provider's server offers, once it was asked to, and add what is chosen."""
    provider = admin.get_object(request, unquote(object_id))
    if provider is None:
        raise Http404
    allowed = admin.has_change_permission(request, provider)
    if not (allowed and request.user.has_perm("providers.add_modelspec")):
        raise PermissionDenied
    form = FilterForm(request.POST or None)
    page: dict[str, Any] = {"form": form}
    if request.method == "POST" and form.is_valid():
        found = Found.of(provider)
        if "add" in request.POST and not found.error:
            added = _add(request, admin, provider, found)
            if added:
                return redirect(reverse("admin:providers_provider_change", args=[provider.pk]))
        page |= {"found": found, **_table(provider, found, form.cleaned_data["part"])}
    context = {
        **admin.admin_site.each_context(request),
        "title": _("Find models"),
        "opts": admin.model._meta,
        "provider": provider,
        "is_azure": provider.kind == Provider.Kind.AZURE,
        **page,
    }
    return render(request, "admin/providers/find_models.html", context)


def _add(
    request: HttpRequest, admin: ModelAdmin, provider: Provider, found: Found
) -> list[ModelSpec]:
    """Add those of the posted names that the server lists and the catalogue has not; say which."""
    names = set(request.POST.getlist("names"))
    fresh = [each for each in found.models if each.name in names and each.name not in found.known]
    if not fresh:
        return _refused(request, admin, _("Choose models that are not in the catalogue yet."))
    try:
        with transaction.atomic():
            added = add_models(provider, fresh)
    except ValidationError as error:
        return _refused(request, admin, " ".join(error.messages))
    except IntegrityError:  # the same form, sent twice at once
        return _refused(request, admin, _("Somebody has just added some of these models."))
    sentence = _("Models added: %s") % shown.names(added)
    admin.log_change(request, provider, sentence)
    admin.message_user(request, sentence)
    return added


def _refused(request: HttpRequest, admin: ModelAdmin, sentence: str) -> list[ModelSpec]:
    admin.message_user(request, sentence, messages.ERROR)
    return []


def _table(provider: Provider, found: Found, part: str) -> dict[str, Any]:
    """Return the rows that the page shows, and how many there would be."""
    fit = [each for each in found.models if part.strip().lower() in each.name.lower()]
    headers = [_("add"), _("name"), _("can"), _("context window"), _("price in / out")]
    rows = [_row(provider, found, each, number) for number, each in enumerate(fit[:MOST])]
    cells = [list(zip(headers, row, strict=True)) for row in rows]
    fresh = any(each.name not in found.known for each in fit[:MOST])
    return {
        "headers": headers, "rows": cells, "shown": len(rows), "fit": len(fit), "fresh": fresh,
    }  # fmt: skip


def _row(provider: Provider, found: Found, model: Offered, number: int) -> list[str]:
    facts = catalogue.known(
        model.name, provider.base_url, context_window=model.context_window, stated=model.stated
    )
    spec = found.known.get(model.name)
    if spec is not None:
        url = reverse("admin:providers_modelspec_change", args=[spec.pk])
        box = format_html(
            '<a class="text-link underline" href="{}">{}</a>', url, _("in the catalogue")
        )
        name = model.name
    else:
        box = _CHOOSE.render("names", model.name, {"id": f"model-{number}"})
        name = format_html('<label for="model-{}">{}</label>', number, model.name)
    prices = facts.prices
    window = number_format(facts.context_window, force_grouping=True)
    return [
        box,
        name,
        shown.can(facts.abilities),
        _("%s (assumed)") % window if facts.assumes_window else window,
        shown.cost(prices.input_price, prices.output_price),
    ]
