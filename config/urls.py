from allauth.account.views import logout as sign_out
from django.contrib import admin
from django.urls import include, path

from accounts.views import EmailView, SignInView, SignUpView
from config.encryption import encryption
from usage.dashboard.views import own_usage

urlpatterns = [
    # Signing out of the administration is signing out: through the same action.
    path("admin/logout/", sign_out),
    path("", include("ops.urls")),
    path("admin/", include("usage.urls")),
    path("admin/encryption/", admin.site.admin_view(encryption), name="encryption"),
    path("admin/", admin.site.urls),
    path("accounts/login/", SignInView.as_view()),
    path("accounts/signup/", SignUpView.as_view()),
    path("accounts/email/", EmailView.as_view()),
    path("accounts/", include("allauth.urls")),
    path("settings/", include("accounts.urls")),
    path("settings/usage/", own_usage, name="own-usage"),
    path("settings/keys/", include("api.urls")),
    path("prompts/", include("assistants.urls")),
    path("generate/", include("generator.urls")),
    path("", include("chat.urls")),
]

handler400 = "config.refusals.bad_request"
