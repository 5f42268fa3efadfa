from django.urls import path

from api import views
from api.reference.views import reference

app_name = "api"
urlpatterns = [
    path("", views.key_list, name="key-list"),
    path("new/", views.key_create, name="key-create"),
    path("reference/", reference, name="reference"),
    path("<uuid:key_id>/", views.key_change, name="key-change"),
    path("<uuid:key_id>/secret/", views.key_secret, name="key-secret"),
    path("<uuid:key_id>/rotate/", views.key_rotate, name="key-rotate"),
    path("<uuid:key_id>/rotate/end/", views.key_former_end, name="key-former-end"),
    path("<uuid:key_id>/revoke/", views.key_revoke, name="key-revoke"),
    path("<uuid:key_id>/limits/", views.key_limits, name="key-limits"),
]
