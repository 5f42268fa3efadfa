"""The pages of one's own keys: owner, outsider, nobody, wrong method, and each thing they do."""

import datetime as dt
import re
import uuid

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import errors
from accounts.api_keys import Scope, authenticate, issue_key, note_use, revoke_key, rotate_key
from accounts.models import ApiKey
from tests.api.conftest import recently_proven
from tests.people import PASSWORD
from usage.limits import limit_of, set_limits

pytestmark = pytest.mark.django_db
LIST, CREATE = reverse("api:key-list"), reverse("api:key-create")
READ = ["key-change", "key-secret", "key-rotate", "key-revoke"]
WRITTEN = ["key-change", "key-rotate", "key-former-end", "key-revoke", "key-limits"]
SECRET = re.compile(r"sk-causerie-[A-Za-z0-9_-]{43}")
HERE = "192.0.2.7"


def of(key: ApiKey, name: str) -> str:
    return reverse(f"api:{name}", args=[key.pk])


def new(**fields) -> dict:
    return {"name": "a script", "expires_in": "90", "client_id": str(uuid.uuid4()), **fields}


def changed(**fields) -> dict:
    return {"name": "a script", "expires_in": "keep", **fields}


def make(client: Client, **fields) -> tuple[ApiKey, str]:
    """Make a key by the pages; returns it with the secret that was shown."""
    response = client.post(CREATE, new(**fields), follow=True)
    (secret,) = set(SECRET.findall(response.content.decode()))
    return authenticate(secret, HERE), secret


@pytest.fixture
def key(owner) -> ApiKey:
    return issue_key(owner, "a script")[0]


class TestWhoMay:
    @pytest.mark.parametrize("name", sorted({*READ, *WRITTEN}))
    def test_somebody_elses_key_is_not_there(self, outsider, admin, key, name):
        before = ApiKey.objects.values().get()
        for client in (recently_proven(outsider), recently_proven(admin)):
            if name in READ:
                assert client.get(of(key, name)).status_code == 404
            if name in WRITTEN:
                given = changed(overlap="0", max_streams="1")
                assert client.post(of(key, name), given).status_code == 404
        assert ApiKey.objects.values().get() == before
        assert limit_of(key) is None

    def test_nor_in_the_list(self, outsider_client, key):
        assert key.name not in outsider_client.get(LIST).content.decode()

    def test_nobody_is_led_to_sign_in(self, client, key):
        for url in (LIST, CREATE, *(of(key, name) for name in READ)):
            response = client.get(url)
            assert response.status_code == 302
            assert response.url.startswith(reverse(settings.LOGIN_URL))
        for url in (CREATE, *(of(key, name) for name in WRITTEN)):
            assert client.post(url, new()).status_code == 401
        assert ApiKey.objects.count() == 1

    def test_wrong_methods_are_refused(self, holder, key):
        for url in (LIST, CREATE, *(of(key, name) for name in {*READ, *WRITTEN})):
            assert holder.put(url).status_code == 405
        assert holder.post(LIST).status_code == 405
        assert holder.post(of(key, "key-secret")).status_code == 405
        assert holder.head(of(key, "key-secret")).status_code == 405
        for name in ("key-former-end", "key-limits"):
            assert holder.get(of(key, name)).status_code == 405

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_making_and_rotating_need_the_password_again(self, owner_client, key, method):
        for url in (CREATE, of(key, "key-rotate")):
            response = getattr(owner_client, method)(url, new(overlap="0"))
            assert response.status_code == 302
            assert response.url.startswith("/accounts/reauthenticate/")
        assert ApiKey.objects.get().rotated_at is None

    def test_what_was_asked_goes_on_after_the_password(self, owner, owner_client):
        away = owner_client.post(CREATE, new())
        back = owner_client.post(away.url, {"password": PASSWORD, "next": CREATE}, follow=True)
        (secret,) = set(SECRET.findall(back.content.decode()))
        assert authenticate(secret, HERE).owner == owner

    def test_forms_need_their_token(self, owner, key):
        client = Client(enforce_csrf_checks=True)
        client.force_login(owner)
        for name in WRITTEN:
            assert client.post(of(key, name), changed()).status_code == 403
        assert ApiKey.objects.get().revoked_at is None

    @pytest.mark.parametrize("pk", [uuid.uuid4(), "not-an-id", "9" * 400])
    def test_a_key_that_is_none(self, holder, pk):
        assert holder.get(f"/settings/keys/{pk}/").status_code == 404


class TestList:
    def test_an_empty_one_says_what_a_key_is_for(self, owner_client):
        html = owner_client.get(LIST).content.decode()
        assert "your own programs" in html
        assert CREATE in html
        assert html.count("<h1") == 1
        assert " style=" not in html

    def test_it_says_how_each_key_stands(self, owner, admin, owner_client):
        scope = Scope(
            ("models",), ("m-1", "m-2"), ("192.0.2.0/24",), timezone.now() + dt.timedelta(9)
        )
        key, secret = issue_key(owner, "narrow", scope, admin)
        note_use(key, HERE)
        html = owner_client.get(LIST).content.decode()
        for words in (key.masked, "m-1, m-2", "from 1 address", "until", f"from {HERE}",
                      "made by an administrator"):  # fmt: skip
            assert words in html
        assert secret not in html

    def test_what_opens_nothing_any_more_is_below(self, owner, owner_client):
        revoked, expired, works = (issue_key(owner, name)[0] for name in ("gone", "old", "good"))
        revoke_key(revoked)
        past = timezone.now() - dt.timedelta(days=1)
        ApiKey.objects.filter(pk=expired.pk).update(expires_at=past)
        response = owner_client.get(LIST)
        assert [key.name for key in response.context["keys"]] == ["good"]
        assert {key.name for key in response.context["ended"]} == {"gone", "old"}
        html = response.content.decode()
        assert html.index(f"key-{works.pk}") < html.index("Revoked and expired")
        assert of(revoked, "key-rotate") not in html

    def test_its_queries_do_not_grow(self, owner, owner_client, django_assert_num_queries):
        for number in range(3):
            set_limits(issue_key(owner, str(number))[0], day_budget=3)
        revoke_key(issue_key(owner, "ended")[0])
        owner_client.get(LIST)
        with django_assert_num_queries(5):
            owner_client.get(LIST)
        for number in range(30):
            key = issue_key(owner, str(number))[0]
            set_limits(key, max_streams=7)
            if number % 2:
                revoke_key(key)
        with django_assert_num_queries(5):
            html = owner_client.get(LIST).content.decode()
        assert html.count("$3.00 a day") == 3
        assert html.count("7 answers at once") == 15

    @pytest.mark.parametrize("page", ["x", "-1", "9" * 400, "0"])
    def test_a_page_that_is_none(self, owner_client, key, page):
        assert owner_client.get(LIST, {"page": page}).status_code == 200

    def test_a_name_is_text_and_no_markup(self, owner, owner_client):
        key = issue_key(owner, "<script>alert(1)</script>")[0]
        for url in (LIST, of(key, "key-change"), of(key, "key-revoke")):
            assert "<script>alert" not in owner_client.get(url).content.decode()


class TestMaking:
    def test_the_secret_is_shown_once(self, holder, owner):
        made = holder.post(CREATE, new())
        (key,) = ApiKey.objects.all()
        assert made.url == of(key, "key-secret")
        shown = holder.get(made.url)
        html = shown.content.decode()
        (secret,) = SECRET.findall(html)
        assert authenticate(secret, HERE).owner == owner
        for response in (made, shown):
            assert "no-store" in response["Cache-Control"]
        assert f"{settings.PUBLIC_URL}/v1" in html
        again = holder.get(made.url, follow=True)
        assert again.redirect_chain == [(of(key, "key-change"), 302)]
        assert "shown only once" in again.content.decode()
        assert secret not in again.content.decode()

    def test_only_the_session_that_made_it_sees_it(self, holder, owner):
        url = holder.post(CREATE, new()).url
        other = recently_proven(owner)
        assert not SECRET.search(other.get(url, follow=True).content.decode())
        assert SECRET.search(holder.get(url).content.decode())

    def test_it_waits_encrypted_and_nowhere_else(self, holder):
        url = holder.post(CREATE, new()).url
        name = f"api-key-shown-once:{ApiKey.objects.get().pk}"
        waiting = cache.get(name)
        assert waiting.startswith("enc1:")
        (secret,) = SECRET.findall(holder.get(url).content.decode())
        assert secret[12:] not in waiting
        assert cache.get(name) is None
        for session in Session.objects.all():
            assert secret not in str(session.get_decoded())

    def test_sending_it_twice_makes_one_key_and_still_shows_it(self, holder):
        """As by a double click, where the browser follows the second answer."""
        given = new()
        first, second = holder.post(CREATE, given), holder.post(CREATE, given)
        assert first.url == second.url
        assert SECRET.search(holder.get(second.url).content.decode())
        third = holder.post(CREATE, given, follow=True)
        assert not SECRET.search(third.content.decode())
        assert ApiKey.objects.count() == 1

    def test_two_pages_make_two_keys(self, holder):
        first, second = (holder.get(CREATE).context["form"]["client_id"].value() for _ in "12")
        assert first != second
        make(holder, client_id=first)
        make(holder, client_id=second)
        assert ApiKey.objects.count() == 2

    def test_it_opens_what_was_chosen(self, holder, house):
        key, _ = make(
            holder,
            name="  for   the lab ",
            endpoints=["embeddings", "models"],
            model_names=["plain-model"],
            networks="192.0.2.0/24\r\n2001:db8::/32, 192.0.2.0/24",
            expires_in="30",
        )
        assert key.name == "for the lab"
        assert set(key.endpoints) == {"models", "embeddings"}
        assert key.model_names == ["plain-model"]
        assert key.networks == ["192.0.2.0/24", "2001:db8::/32"]
        assert dt.timedelta(days=29) < key.expires_at - timezone.now() < dt.timedelta(days=30)

    def test_a_date_outranks_the_choice_and_never_is_never(self, holder):
        day = timezone.localdate() + dt.timedelta(days=5)
        key, _ = make(holder, expires_on=day.isoformat())
        assert key.expires_at.date() == day + dt.timedelta(days=1)
        assert key.expires_at.time() == dt.time.min
        assert make(holder, expires_in="never")[0].expires_at is None

    def test_only_models_with_a_public_name_that_one_may_use_are_offered(self, holder, house):
        html = holder.get(CREATE).content.decode()
        assert "plain-model" in html
        assert "their-model" not in html
        assert "Nameless" not in html

    def test_the_samples_ask_a_model_that_the_key_opens(self, holder, house):
        html = holder.post(CREATE, new(), follow=True).content.decode()
        assert "/v1/chat/completions" in html
        assert "plain-model" in html
        only = holder.post(CREATE, new(endpoints=["models"]), follow=True).content.decode()
        assert "/v1/chat/completions" not in only
        assert f"{settings.PUBLIC_URL}/v1/models" in only

    def test_there_is_an_end_to_them(self, holder, monkeypatch):
        monkeypatch.setattr("accounts.api_keys.MOST_WORKING", 0)
        response = holder.post(CREATE, new())
        assert response.status_code == 422
        assert str(errors.TooManyKeys.sentence) in response.content.decode()


class TestChanging:
    def test_name_and_scope(self, holder, owner, house):
        key, secret = make(holder, networks="192.0.2.0/24")
        until = key.expires_at
        given = changed(name="another", endpoints=["chat/completions"], networks="")
        assert holder.post(of(key, "key-change"), given).status_code == 302
        key.refresh_from_db()
        assert (key.name, key.endpoints, key.networks) == ("another", ["chat/completions"], [])
        assert key.expires_at == until
        assert authenticate(secret, "203.0.113.1") == key
        holder.post(of(key, "key-change"), changed(expires_in="never"))
        key.refresh_from_db()
        assert key.expires_at is None

    def test_a_model_that_is_not_there_now_stays_chosen(self, holder, owner, house):
        """Left out, the key would name none, and open all."""
        key, _ = issue_key(owner, "a script", Scope(model_names=("plain-model",)))
        house.plain.public_name = "renamed"
        house.plain.save()
        form = holder.get(of(key, "key-change")).context["form"]
        assert form["model_names"].value() == ["plain-model"]
        assert "not available now" in str(form["model_names"])
        holder.post(of(key, "key-change"), changed(model_names=["plain-model"]))
        key.refresh_from_db()
        assert key.model_names == ["plain-model"]

    def test_a_revoked_one_only_tells(self, holder, key):
        revoke_key(key)
        html = holder.get(of(key, "key-change")).content.decode()
        assert "opens nothing any more" in html
        assert "<textarea" not in html
        response = holder.post(of(key, "key-change"), changed(name="again"))
        assert response.status_code == 422
        response = holder.post(of(key, "key-limits"), {"max_streams": "1"})
        assert response.status_code == 422
        assert holder.post(of(key, "key-rotate"), {"overlap": "0"}).status_code == 422
        assert holder.post(of(key, "key-former-end")).status_code == 302
        key.refresh_from_db()
        assert (key.name, key.rotated_at) == ("a script", None)
        assert limit_of(key) is None


class TestRotating:
    def rotate(self, client: Client, key: ApiKey, hours: int, **more) -> str:
        url = of(key, "key-rotate")
        seen = client.get(url).context["form"]["seen"].value()
        page = client.post(url, {"overlap": hours, "seen": seen, **more}, follow=True)
        return SECRET.findall(page.content.decode())[0]

    def test_both_secrets_work_until_it_is_over_or_ended(self, holder):
        key, old = make(holder)
        fresh = self.rotate(holder, key, 24)
        assert authenticate(old, HERE) == authenticate(fresh, HERE) == key
        html = holder.get(of(key, "key-change")).content.decode()
        assert f"ends with {old[-4:]}, works too" in html
        assert holder.post(of(key, "key-former-end")).status_code == 302
        with pytest.raises(errors.UnknownKey):
            authenticate(old, HERE)
        assert authenticate(fresh, HERE) == key

    def test_at_once(self, holder):
        key, old = make(holder)
        fresh = self.rotate(holder, key, 0)
        with pytest.raises(errors.UnknownKey):
            authenticate(old, HERE)
        assert authenticate(fresh, HERE)

    def test_sending_it_twice_rotates_once(self, holder):
        key, old = make(holder)
        url = of(key, "key-rotate")
        given = {"overlap": "24", "seen": holder.get(url).context["form"]["seen"].value()}
        first, second = holder.post(url, given), holder.post(url, given)
        assert first.url == second.url == of(key, "key-secret")
        fresh = SECRET.findall(holder.get(second.url).content.decode())[0]
        assert authenticate(old, HERE) == authenticate(fresh, HERE) == key

    def test_a_second_rotation_warns_of_the_secret_that_ends(self, holder, owner):
        key, secret = issue_key(owner, "a script")
        rotate_key(key, dt.timedelta(hours=1))
        html = holder.get(of(key, "key-rotate")).content.decode()
        assert f"ends with {secret[-4:]}, from before" in html

    @pytest.mark.parametrize("overlap", ["", "-1", "2", "9" * 400, "nan", "\x00"])
    def test_bad_input(self, holder, key, overlap):
        assert holder.post(of(key, "key-rotate"), {"overlap": overlap}).status_code == 422
        assert ApiKey.objects.get().rotated_at is None

    @pytest.mark.parametrize("seen", ["x", "9999-99-99", "\x00", "0001-01-01T00:00:00+23:59"])
    def test_a_forged_moment(self, holder, key, seen):
        given = {"overlap": "0", "seen": seen}
        assert holder.post(of(key, "key-rotate"), given).status_code in (302, 422)
        assert ApiKey.objects.get().rotated_at is None


def test_revoking_asks_first(holder):
    key, secret = make(holder)
    assert "cannot be undone" in holder.get(of(key, "key-revoke")).content.decode()
    assert authenticate(secret, HERE)
    assert holder.post(of(key, "key-revoke")).url == LIST
    with pytest.raises(errors.KeyRevoked):
        authenticate(secret, HERE)
    assert holder.post(of(key, "key-revoke")).status_code == 302
