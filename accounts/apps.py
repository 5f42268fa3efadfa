from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("People")

    def ready(self) -> None:
        from accounts.second_factors import rotate_secrets
        from boundary.rotation import elsewhere

        elsewhere["mfa_authenticator.data"] = rotate_secrets
