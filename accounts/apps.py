from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("People")

    def ready(self) -> None:
        import accounts.recorded  # noqa: F401  (its receivers)
        from accounts.second_factors import count_keys, rotate_secrets
        from boundary.rotation import Place, elsewhere

        name = "mfa_authenticator.data"
        elsewhere[name] = Place(name, rotate_secrets, count_keys)
