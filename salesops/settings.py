"""Settings, all from the environment; `.env.example` lists every variable.

`DATABASE_URL` and `REDIS_URL` are always set here: by whoever runs the product, or by
`salesops.launcher`, which starts embedded servers and sets them for its children.
"""

import sys
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from whitenoise.compress import Compressor

from salesops.lib import environment as env

BASE_DIR = Path(__file__).resolve().parent.parent
STATE_DIR = Path(env.text("SALESOPS_STATE", str(BASE_DIR / ".salesops"))).resolve()
TESTING = "pytest" in sys.modules

DEBUG = env.flag("DEBUG", False)
LOCAL = env.flag("SALESOPS_LOCAL", False) or TESTING  # set by the launcher: one machine, loopback only
SECRET_KEY = env.text("SECRET_KEY")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]" if DEBUG or LOCAL else "")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
if not SECRET_KEY:
    if not (DEBUG or LOCAL):
        raise ImproperlyConfigured(
            "SECRET_KEY is not set. Set a long random value, or DEBUG=1 on a developer's machine."
        )
    SECRET_KEY = "insecure-key-for-one-machine-only"  # noqa: S105 - no secret, as it says
if not ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS is not set. Set the host names people use, separated by commas.")

#: Keys of secrets at rest (connections, webhooks); the first encrypts. Unset: derived from SECRET_KEY.
ENCRYPTION_KEYS = env.words("ENCRYPTION_KEYS")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.contrib.sites",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.mfa",
    "axes",
    "csp",
    "django_htmx",
    "template_partials",
    "django_filters",
    "pgtrigger",
    "pghistory",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "salesops",
    "data_collection",
    "demand_planning",
    "supply_planning",
    "execution",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "salesops.access.middleware.RequireLogin",
    "salesops.access.zone.own_time_zone",
    "pghistory.middleware.HistoryMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "salesops.urls"
WSGI_APPLICATION = "salesops.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "salesops.frame.context.frame",
                "salesops.jobs.context.fresh",
            ],
        },
    },
]

# --- data ---------------------------------------------------------------------------------
DATABASES = {"default": env.database("DATABASE_URL")}
DATABASES["default"]["CONN_MAX_AGE"] = env.whole("DATABASE_CONN_MAX_AGE", 60, low=0, high=3600)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "salesops.User"
REDIS_URL = env.text("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "salesops-cache",
        "TIMEOUT": 300,
    }
}
MEDIA_ROOT = STATE_DIR / "media"  # uploads and result files; served only through views that check rights
DATA_UPLOAD_MAX_MEMORY_SIZE = 20 * 2**20
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 2**20
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
IMPORT_MAX_MB = env.whole("IMPORT_MAX_MB", 200, low=1, high=100_000)  # one uploaded file
IMPORT_MAX_ROWS = env.whole("IMPORT_MAX_ROWS", 5_000_000, low=1, high=1_000_000_000)  # of one uploaded file
IMPORT_MAX_CELLS = env.whole("IMPORT_MAX_CELLS", 200_000_000, low=1, high=100_000_000_000)  # rows x columns
IMPORT_MAX_COLUMNS = env.whole("IMPORT_MAX_COLUMNS", 1000, low=1, high=1500)  # Postgres takes 1,600
IMPORT_MAX_CELL_KB = env.whole("IMPORT_MAX_CELL_KB", 1024, low=1, high=100_000)  # thousands of characters of a cell
IMPORT_MAX_RATIO = env.whole("IMPORT_MAX_RATIO", 200, low=2, high=1100)  # unpacked over packed size
IMPORT_MAX_PARTS = env.whole("IMPORT_MAX_PARTS", 1000, low=10, high=50_000)  # files inside an XLSX file
IMPORT_DRAFT_DAYS = env.whole("IMPORT_DRAFT_DAYS", 14, low=1, high=3650)  # a draft not touched so long is deleted
IMPORT_MAX_TEXTS_MB = env.whole("IMPORT_MAX_TEXTS_MB", 64, low=1, high=2000)  # shared texts of an XLSX file, in memory
#: Where a vendor's API is reached instead of its usual address, by vendor: a proxy of your own, or a stand-in.
CONNECTOR_ADDRESSES = env.pairs("CONNECTOR_ADDRESSES")

# --- Celery: truth is the JobRun row; the broker only wakes a worker ----------------------
_JOB_SECONDS = env.whole("JOB_TIME_LIMIT", 3600, low=60, high=86_400)
_BROKER_OPTIONS = {
    "visibility_timeout": _JOB_SECONDS + 300,  # longer than the hard limit, else a long task starts twice
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 30,
    "socket_connect_timeout": 5,
    "health_check_interval": 15,
    "socket_keepalive": True,
}
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_TRANSPORT_OPTIONS = _BROKER_OPTIONS
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 1_200_000  # kB
CELERY_TASK_TIME_LIMIT = _JOB_SECONDS
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_DEFAULT_QUEUE = "interactive"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"

# --- people -------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # tests log in often and guard nothing
SITE_ID = 1
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "salesops.access.adapter.InvitedOnly"
ACCOUNT_RATE_LIMITS = {"login_failed": False}  # axes counts failed logins
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEBUG or LOCAL
SOCIALACCOUNT_PROVIDERS = {}
if env.text("OIDC_SERVER_URL"):
    SOCIALACCOUNT_PROVIDERS["openid_connect"] = {
        "APPS": [
            {
                "provider_id": "oidc",
                "name": env.text("OIDC_NAME", "Single sign-on"),
                "client_id": env.text("OIDC_CLIENT_ID"),
                "secret": env.text("OIDC_CLIENT_SECRET"),
                "settings": {"server_url": env.text("OIDC_SERVER_URL")},
            }
        ]
    }
AXES_FAILURE_LIMIT = env.whole("LOGIN_FAILURE_LIMIT", 10, low=3, high=100)
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_TEMPLATE = "account/locked.html"
AXES_RESET_ON_SUCCESS = True
AXES_USERNAME_CALLABLE = "salesops.access.lockout.login_name"
AXES_SENSITIVE_PARAMETERS = ["password", "login"]

# --- web ----------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = STATE_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if TESTING or DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = TESTING or DEBUG
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")  # half the time, for no reader
WHITENOISE_MAX_AGE = 60 if TESTING or DEBUG else 31_536_000
_PLOTLY_EMPTY_STYLE = (
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"  # hash of "": Plotly adds an empty <style>
)
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'", _PLOTLY_EMPTY_STYLE],
        "img-src": ["'self'", "data:", "blob:"],
        "connect-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]  # promises for a whole domain are its owner's
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
BEHIND_TLS = env.flag("BEHIND_TLS", not (DEBUG or LOCAL))  # plain HTTP only on one's own machine
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = BEHIND_TLS
SECURE_HSTS_SECONDS = 31_536_000 if BEHIND_TLS else 0
if BEHIND_TLS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
CSRF_FAILURE_VIEW = "salesops.frame.views.csrf_failure"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"  # instants are UTC; the company's zone is in salesops.company
COMPANY_TIME_ZONE = env.text("SALESOPS_TIME_ZONE", "UTC")  # first value of a new company's zone
NIGHTLY_HOUR = env.whole("NIGHTLY_HOUR", 2, low=0, high=23)  # local hour of the company's zone
QUALITY_NOTE_WEEKDAY = env.whole("QUALITY_NOTE_WEEKDAY", 1, low=0, high=7)  # ISO: 1 = Monday; 0 = no weekly note
REPORTING_CURRENCY = env.text("REPORTING_CURRENCY", "USD")

EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if env.text("EMAIL_HOST")
    else "django.core.mail.backends.console.EmailBackend"
)
EMAIL_HOST = env.text("EMAIL_HOST", "localhost")
EMAIL_PORT = env.whole("EMAIL_PORT", 25, low=1, high=65_535)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", False)
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", "salesops@localhost")

# --- notices and outgoing webhooks --------------------------------------------------------
SITE_URL = env.text("SITE_URL")  # https://sales.example; without it messages carry no links
OUTGOING_ALLOW_PRIVATE = env.flag("OUTGOING_ALLOW_PRIVATE", False)  # also private networks and plain HTTP
SLACK_API_URL = env.text("SLACK_API_URL", "https://slack.com/api/")

# --- API ----------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.TokenAuthentication",  # first: it makes a missing login 401, not 403
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser", "rest_framework.parsers.MultiPartParser"],
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.UserRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {"user": env.text("API_RATE", "1200/min")},
    "EXCEPTION_HANDLER": "salesops.access.problems.problem_details",
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Sales operations API",
    "VERSION": "1",
    "DESCRIPTION": "The same numbers as the pages, under the same rights.",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "ENUM_NAME_OVERRIDES": {  # models share the field names "kind" and "status"
        "DealState": "data_collection.crm.models.Opportunity.Status",
        "DealKind": "data_collection.crm.models.Opportunity.Kind",
        "LeadStatus": "data_collection.crm.models.Lead.Status",
        "ActivityKind": "data_collection.crm.models.Activity.Kind",
        "ProductKind": "data_collection.organisation.models.Product.Kind",
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL", "INFO")},
    "loggers": {"axes": {"level": "WARNING"}, "django.request": {"level": "ERROR" if TESTING else "WARNING"}},
}
