from django.urls import path

from ops import views

app_name = "ops"
urlpatterns = [
    path("healthz", views.alive, name="health-live"),
    path("readyz", views.ready, name="health-ready"),
]
