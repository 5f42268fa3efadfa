from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("", views.settings_show, name="settings-show"),
    path("name/", views.name_change, name="name-change"),
    path("language/", views.language_change, name="language-change"),
    path("theme/", views.theme_change, name="theme-change"),
    path("sessions/<int:pk>/end/", views.session_end, name="session-end"),
    path("erase/", views.account_erase, name="account-erase"),
]
