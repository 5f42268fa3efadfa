"""Below the administration's address, before its own pages."""

from django.contrib import admin
from django.urls import path

from usage import views
from usage.dashboard.views import dashboard

app_name = "usage"
urlpatterns = [
    path("usage/dashboard/", admin.site.admin_view(dashboard), name="dashboard"),
    path(
        "providers/provider/<uuid:provider_id>/connection/",
        admin.site.admin_view(views.connection_test),
        name="connection-test",
    ),
]
