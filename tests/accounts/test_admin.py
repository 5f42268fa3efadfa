"""People in the administration: who gets in, what is shown, and that rights go through actions."""

from urllib.parse import unquote

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.test import Client

from accounts.access import session_user
from accounts.models import User
from accounts.rights import current_rights_version
from accounts.second_factors import seal_secret
from ops.models import AuditEntry
from tests.people import PASSWORD, make_administrator

pytestmark = pytest.mark.django_db
LIST = "/admin/accounts/user/"


def page_of(user: User) -> str:
    return f"{LIST}{user.pk}/change/"


def saved(user: User, **fields):
    """What the form of a person sends, with one button pressed."""
    form = {"name": user.name, "language": user.language, "theme": user.theme, "email": "x@y.test"}
    for prefix in ("emailaddress_set", "authenticator_set", "usersession_set"):
        form |= {f"{prefix}-TOTAL_FORMS": "0", f"{prefix}-INITIAL_FORMS": "0"}
    return form | fields


class TestWhoGetsIn:
    def test_the_anonymous_sign_in_as_anywhere(self, client, admin):
        for url in ("/admin/", LIST, "/admin/login/", "/admin/nothing/"):
            response = client.get(url)
            assert response.status_code == 302
            assert unquote(response["Location"]).startswith("/accounts/login/?next=/admin/")
        client.post("/admin/login/", {"username": admin.email, "password": PASSWORD})
        assert session_user(client.session.session_key) is None

    @pytest.mark.parametrize("url", ["/admin/", "/admin/login/", LIST])
    def test_people_without_the_right_do_not(self, owner_client, url):
        assert owner_client.get(url).status_code in (302, 403)
        assert owner_client.get(url, follow=True).status_code == 403

    def test_the_second_factor_holds_here_too(self, admin):
        Authenticator.objects.create(
            user=admin, type="totp", data={"secret": seal_secret("A" * 32)}
        )
        client = Client()
        client.post("/accounts/login/?next=/admin/", {"login": admin.email, "password": PASSWORD})
        assert client.get("/admin/").status_code == 302

    def test_a_deactivated_administrator_is_out(self, admin, admin_client):
        make_administrator("second@example.test")
        assert admin_client.get("/admin/").status_code == 200
        User.objects.filter(pk=admin.pk).update(is_active=False)
        assert admin_client.get("/admin/").status_code == 302


class TestWhatIsShown:
    def test_people_are_found_by_name_and_address(self, admin_client, owner, outsider):
        found = admin_client.get(LIST, {"q": "olive"}).content.decode()
        assert owner.email in found
        assert outsider.email not in found
        assert admin_client.get(LIST, {"password__startswith": "m"}).status_code in (302, 400)

    def test_the_list_costs_the_same_for_many_people(
        self, admin_client, owner, django_assert_max_num_queries
    ):
        for number in range(60):
            User.objects.create_user(f"p{number}@example.test")
        with django_assert_max_num_queries(10):
            admin_client.get(LIST)

    def test_no_secret_is_on_a_persons_page(self, admin_client, owner):
        stored = seal_secret("SECRETSECRETSECRETSECRETSECRET22")
        Authenticator.objects.create(user=owner, type="totp", data={"secret": stored})
        session = Client()
        session.force_login(owner)
        key = session.session.session_key
        UserSession.objects.create(
            user=owner, session_key=key, ip="127.0.0.1", user_agent="Agent 7"
        )
        page = admin_client.get(page_of(owner)).content.decode()
        assert "TOTP" in page
        assert "Agent 7" in page
        for secret in (stored, "SECRETSECRET", key, owner.password.split("$")[-1][:6]):
            assert secret not in page

    def test_models_with_secrets_have_no_page_of_their_own(self):
        names = {model._meta.label for model in admin.site._registry}
        assert not names & {
            "mfa.Authenticator",
            "usersessions.UserSession",
            "account.EmailConfirmation",
            "sessions.Session",
            "accounts.FirstAdministrator",
        }


class TestRights:
    def test_deactivating_signs_out_at_once(self, admin_client, owner):
        session = Client()
        session.post("/accounts/login/", {"login": owner.email, "password": PASSWORD})
        key, before = session.session.session_key, current_rights_version()
        form = saved(owner, accounts_user_deactivate="1")
        assert admin_client.post(page_of(owner), form).status_code == 302
        owner.refresh_from_db()
        assert not owner.is_active
        assert session_user(key) is None
        assert current_rights_version() != before
        admin_client.post(page_of(owner), saved(owner, accounts_user_reactivate="1"))
        owner.refresh_from_db()
        assert owner.is_active

    def test_making_and_unmaking_an_administrator(self, admin_client, owner):
        admin_client.post(page_of(owner), saved(owner, accounts_user_grant="1"))
        assert owner in User.objects.administrators()
        admin_client.post(page_of(owner), saved(owner, accounts_user_withdraw="1"))
        assert owner not in User.objects.administrators()

    def test_rights_and_address_do_not_change_with_the_form(self, admin_client, owner):
        form = saved(owner, name="New", is_superuser="on", is_active="", is_staff="on")
        assert admin_client.post(page_of(owner), form).status_code == 302
        owner.refresh_from_db()
        assert owner.name == "New"
        assert owner.is_active
        assert not owner.is_superuser
        assert not owner.is_staff
        assert owner.email == "owner@example.test"

    @pytest.mark.parametrize("button", ["deactivate", "withdraw"])
    def test_the_only_administrator_stays(self, admin_client, admin, button):
        url = page_of(admin)
        response = admin_client.post(
            url, saved(admin, **{f"accounts_user_{button}": "1"}), follow=True
        )
        assert "This is the only administrator" in response.content.decode()
        assert admin in User.objects.administrators()

    @pytest.mark.parametrize("action", ["deactivate_all", "delete_selected"])
    def test_the_only_administrator_stays_in_bulk(
        self, admin_client, admin, owner, outsider, action
    ):
        chosen = [admin.pk, owner.pk, outsider.pk]
        form = {"action": action, "_selected_action": chosen, "post": "yes"}
        response = admin_client.post(LIST, form, follow=True)
        assert "only administrator" in response.content.decode()
        assert list(User.objects.active()) == [admin]

    def test_signing_somebody_out_everywhere(self, admin_client, owner):
        session = Client()
        session.post("/accounts/login/", {"login": owner.email, "password": PASSWORD})
        key = session.session.session_key
        admin_client.post(LIST, {"action": "sign_out_all", "_selected_action": [owner.pk]})
        assert session_user(key) is None

    def test_a_new_password_ends_the_sessions(self, admin_client, owner):
        session = Client()
        session.force_login(owner)
        before = current_rights_version()
        form = {
            "password1": "lighthouse-42",
            "password2": "lighthouse-42",
            "usable_password": "true",
        }
        assert admin_client.post(f"{LIST}{owner.pk}/password/", form).status_code == 302
        assert session_user(session.session.session_key) is None
        assert current_rights_version() != before
        owner.refresh_from_db()
        assert owner.check_password("lighthouse-42")

    def test_deleting_is_erasing(self, admin_client, owner):
        url = f"{LIST}{owner.pk}/delete/"
        assert admin_client.post(url, {"post": "yes"}).status_code == 302
        assert not User.objects.filter(pk=owner.pk).exists()
        assert AuditEntry.objects.filter(act="person.erased", key=str(owner.pk)).exists()

    def test_a_lost_second_factor_is_taken_off(self, admin_client, owner):
        factor = Authenticator.objects.create(
            user=owner, type="totp", data={"secret": seal_secret("A" * 32)}
        )
        form = saved(owner) | {
            "authenticator_set-TOTAL_FORMS": "1",
            "authenticator_set-INITIAL_FORMS": "1",
            "authenticator_set-0-id": str(factor.pk),
            "authenticator_set-0-user": str(owner.pk),
            "authenticator_set-0-DELETE": "on",
        }
        admin_client.post(page_of(owner), form)
        assert not Authenticator.objects.filter(user=owner).exists()


class TestAdding:
    def test_somebody_is_added_and_can_sign_in(self, admin_client):
        form = {
            "email": "New@example.test",
            "name": "New",
            "usable_password": "true",
            "password1": PASSWORD,
            "password2": PASSWORD,
        }
        assert admin_client.get(f"{LIST}add/").status_code == 200
        assert admin_client.post(f"{LIST}add/", form).status_code == 302
        new = User.objects.get(email="new@example.test")
        assert not new.is_superuser
        assert new.emailaddress_set.get().verified
        fields = {"login": new.email, "password": PASSWORD}
        assert Client().post("/accounts/login/", fields).status_code == 302

    def test_a_taken_address_is_said(self, admin_client, owner):
        form = {"email": "OWNER@example.test", "password1": PASSWORD, "password2": PASSWORD}
        response = admin_client.post(f"{LIST}add/", form | {"usable_password": "true"})
        assert response.status_code == 200
        assert User.objects.count() == 2


class TestPolicy:
    def policy(self, response) -> dict[str, str]:
        parts = response["Content-Security-Policy"].split("; ")
        return {name: rest for name, _, rest in (part.partition(" ") for part in parts)}

    def test_pages_are_strict(self, owner_client, client):
        for response in (
            owner_client.get("/settings/"),
            client.get("/nothing/"),
            owner_client.get("/administration/"),
            owner_client.get("/x/?/admin/"),
        ):
            policy = self.policy(response)
            assert "unsafe" not in response["Content-Security-Policy"]
            assert policy["default-src"] == "'none'"
            assert policy["frame-ancestors"] == "'none'"

    def test_only_the_administration_may_evaluate(self, admin_client):
        policy = self.policy(admin_client.get("/admin/"))
        assert policy["script-src"] == "'self' 'unsafe-eval'"
        assert policy["style-src"] == "'self' 'unsafe-inline'"
        assert policy["default-src"] == "'none'"
        assert policy["form-action"] == "'self'"
