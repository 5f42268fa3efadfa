"""Django's settings. Production is the default; every knob is an environment variable.

`.env.example` documents the variables. Nothing here asks for a file that `make run` does not make.
"""

import logging
from urllib.parse import urlsplit

from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _

from config.administration import UNFOLD  # noqa: F401  (a setting)
from config.environment import BASE_DIR, DATA_DIR, HOST, PORT, env, secret_from
from ops.addresses import LOOPBACK_NAMES, is_loopback, names_for, origins, public_url
from ops.embedded import broker_url, database_url, model_key, model_url, redis_url
from ops.logs import logging_config

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = secret_from("SECRET_KEY", "secret.key")
MASTER_KEY = secret_from("CAUSERIE_MASTER_KEY", "master.key")
# Earlier master keys, newest first: still read, never written (see `manage.py rotate_master_key`).
MASTER_KEY_FALLBACKS = env.list("CAUSERIE_MASTER_KEY_FALLBACKS", default=[])

# The address people type. Its scheme decides whether cookies and redirects insist on TLS.
PUBLIC_URL = env("CAUSERIE_PUBLIC_URL", default=public_url(HOST, PORT)).rstrip("/")
_public = urlsplit(PUBLIC_URL)
TLS = _public.scheme == "https"
_names = env.list("ALLOWED_HOSTS", default=[_public.hostname or "", *names_for(HOST)])
ALLOWED_HOSTS = [*_names, *LOOPBACK_NAMES]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
# Origins a browser may open a socket from; a missing or foreign one is refused.
SOCKET_ORIGINS = env.list(
    "SOCKET_ORIGINS", default=[PUBLIC_URL, *(f"http://{name}:{PORT}" for name in names_for(HOST))]
)
# Origins whose pages may ask /v1 with a key; "*": any. None by default (see api/v1/cors.py).
API_CORS_ORIGINS = origins(env.list("API_CORS_ORIGINS", default=[]), "API_CORS_ORIGINS")

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "servestatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "channels",
    "csp",
    "django_htmx",
    "django_structlog",
    "lucide",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "boundary",
    "ops",
    "accounts",
    "providers",
    "usage",
    "runs",
    "assistants",
    "chat",
    "generator",
    "api",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "config.csp.AdminAwareCSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "config.refusals.ReadableMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.SignInRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.middleware.RequestLogMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
            ],
        },
    }
]

# Database and Redis: the variable where it is set, else the embedded server's address.
DATABASES = {
    "default": {
        **env.db_url_config(database_url(DATA_DIR)),
        "ENGINE": "ops.database",
        "CONN_MAX_AGE": 0,
    }
}
_options = DATABASES["default"].setdefault("OPTIONS", {})
_options["server_side_binding"] = True
# Connections of each process; 0 is no pool (where a pooler stands before the database).
if _pool := env.int("DATABASE_POOL_SIZE", default=12):
    _options["pool"] = {"min_size": 1, "max_size": _pool, "timeout": 10}
    # What a connection was asked a few times it need not plan again: half of Postgres' work.
    _options["prepare_threshold"] = 3
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = redis_url(DATA_DIR)
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
}
CHANNEL_PREFIX = env("CHANNEL_PREFIX", default="causerie")
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": CHANNEL_PREFIX},
    }
}

# People
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30
CSRF_FAILURE_VIEW = "accounts.views.csrf_failure"
SIGNUP_OPEN = env.bool("SIGNUP_OPEN", default=True)
# The first account becomes the administrator. Where others can reach the address, by themselves
# or through a proxy, it needs the set-up link that `manage.py ensure_admin` prints.
BEHIND_PROXY = env.bool("BEHIND_PROXY", default=False)
_only_here = is_loopback(HOST) and is_loopback(_public.hostname or "") and not BEHIND_PROXY
SETUP_TOKEN_REQUIRED = env.bool("SETUP_TOKEN_REQUIRED", default=not _only_here)

# The pages of allauth. Addresses are proven by mail as soon as there is a mail server; until
# then that would lock everybody out.
HAS_MAIL_SERVER = bool(env("EMAIL_URL", default=""))
EMAIL_VERIFICATION = env("EMAIL_VERIFICATION", default="mandatory" if HAS_MAIL_SERVER else "none")
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = EMAIL_VERIFICATION
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Causerie] "
ACCOUNT_EMAIL_NOTIFICATIONS = EMAIL_VERIFICATION == "mandatory"
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_FORMS = {
    "add_email": "accounts.forms.ChangeEmailForm",
    "login": "accounts.forms.SignInForm",
    "signup": "accounts.forms.SignUpForm",
    "change_password": "accounts.forms.ChangePasswordForm",
    "reset_password_from_key": "accounts.forms.ResetPasswordKeyForm",
}
MFA_FORMS = {
    "authenticate": "accounts.forms.CodeForm",
    "add_webauthn": "accounts.passkeys.AddForm",
    "authenticate_webauthn": "accounts.passkeys.AuthenticateForm",
    "login_webauthn": "accounts.passkeys.SignInForm",
    "reauthenticate_webauthn": "accounts.passkeys.ConfirmForm",
    "edit_webauthn": "accounts.passkeys.RenameForm",
}
MFA_ADAPTER = "accounts.adapter.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = EMAIL_VERIFICATION != "mandatory"
MFA_TOTP_TOLERANCE = 1
USERSESSIONS_ADAPTER = "accounts.adapter.SessionsAdapter"
# allauth limits rates by client address. X-Forwarded-For is anybody's word, unless proxies of
# ours wrote its last entries.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("PROXY_COUNT", default=1) if BEHIND_PROXY else 0

# Transport security follows the public address.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = TLS
SESSION_COOKIE_HTTPONLY = True
SECURE_SSL_REDIRECT = TLS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=31_536_000 if TLS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = TLS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    },
    # The administration gets a policy of its own: see config/csp.py.
    "EXCLUDE_URL_PREFIXES": [],
}

# Pages
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
TIME_ZONE = env("TIME_ZONE", default="UTC")
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "servestatic.storage.CompressedManifestStaticFilesStorage"
        if not DEBUG
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
# The longest material of a recipe, a million code points, in any script; files are not counted.
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 2**20

# Mail: printed to the console until a server is named.
EMAIL_CONFIG = env.email("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 20  # seconds that a request or a worker waits for the mail server
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="causerie@localhost")

# Jobs
CELERY_BROKER_URL = broker_url(REDIS_URL)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "background"
CELERY_TASK_ROUTES = {"runs.tasks.execute": {"queue": "interactive"}}
CELERY_BEAT_SCHEDULE = {
    "sweep-runs": {
        "task": "runs.tasks.sweep",
        "schedule": 2.0,
        "options": {"expires": 5, "queue": "interactive"},
    },
    "release-expired-holds": {
        "task": "usage.tasks.release_expired_holds",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "warn-of-budgets": {
        "task": "usage.tasks.warn_of_budgets",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "roll-up": {
        "task": "usage.tasks.roll_up",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "erase-retired-secrets": {
        "task": "providers.tasks.erase_retired_secrets",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "forget-kept-answers": {
        "task": "api.tasks.forget_kept_answers",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
    "forget-erased": {
        "task": "accounts.tasks.forget_erased",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
}
# A task is a hint: it is taken off at once, and the sweeper finds what a dead worker had taken.
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONCURRENCY = env.int("WORKER_THREADS", default=16)
# A queue of each worker's own, for its canary (see ops/worker_watch.py).
CELERY_WORKER_DIRECT = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_STATUS_4XX_LOG_LEVEL = logging.INFO

# The embedded model; None where it is off (EMBEDDED_MODEL=off).
EMBEDDED_MODEL_URL = model_url(DATA_DIR)
EMBEDDED_MODEL_KEY = model_key(DATA_DIR)

# What `manage.py prepare` runs after the migrations, in this order.
PREPARE_COMMANDS = ["seed_providers", "ensure_admin"]

LOGGING = logging_config(
    env("LOG_LEVEL", default="WARNING").upper(), as_json=env.bool("LOG_JSON", default=False)
)

# Runs (see runs/): seconds and counts.
RUN_LEASE_SECONDS = env.float("RUN_LEASE_SECONDS", default=10.0)
RUN_STREAMS_PER_WORKER = env.int("RUN_STREAMS_PER_WORKER", default=300)
RUN_MAX_ATTEMPTS = 3
RUN_DRAIN_SECONDS = env.float("RUN_DRAIN_SECONDS", default=20.0)

# Days after which the administration asks for a new key of a provider; 0: never.
CREDENTIAL_MAX_AGE_DAYS = env.int("CREDENTIAL_MAX_AGE_DAYS", default=180)

# Networks (CIDR) that everybody's requests may reach although they are not public; see
# boundary/egress. One provider alone is let into private networks by its own switch.
EGRESS_ALLOW_PRIVATE = env.list("EGRESS_ALLOW_PRIVATE", default=[])
