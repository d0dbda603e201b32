"""Django's settings; what differs by installation comes from env.py."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from harvest.domain import (
    LESION_KINDS,
    AuditAction,
    AuditOutcome,
    ChainOutcome,
    Condition,
    ImportOutcome,
    ImportSource,
    JobState,
    Language,
    LesionClass,
    LesionSource,
    LiverSource,
    ModelKind,
    PreparationState,
    Procedure,
    PromotionGround,
    QueueState,
    ReadingPolicy,
    Role,
    RowState,
    Split,
    Strategy,
    TokenScope,
    Verdict,
)
from harvest.settings.env import environment

ENV = environment()
BASE_DIR = Path(__file__).resolve().parents[2]
SECRET_KEY = ENV.secret_key
DEBUG = ENV.debug
ALLOWED_HOSTS = [h for h in ENV.allowed_hosts.split(",") if h]
CSRF_TRUSTED_ORIGINS = [o for o in ENV.trusted_origins.split(",") if o]
STATE_DIR = ENV.state
STORE_DIR = STATE_DIR / "store"
UPLOAD_DIR = STATE_DIR / "uploads"
WORK_DIR = STATE_DIR / "work"
INBOX_DIR = STATE_DIR / "inbox"
PSEUDONYM_KEY = ENV.pseudonym_key
SEALING_KEY = ENV.sealing_key
KEEP_LINKS = ENV.keep_links
REGISTRATION = ENV.registration
DEEDS = ENV.deeds
WORKERS = ENV.workers
HOST, TRAIN_DEVICES, SILENT_SECONDS = ENV.host_name, ENV.training_devices, ENV.silent_seconds
DICOM_HOST, DICOM_PORT, DICOM_AE_TITLE = ENV.dicom_host, ENV.dicom_port, ENV.dicom_ae_title
INBOX_QUIET_SECONDS = ENV.inbox_quiet_seconds
LIVER = ENV.liver
S3_BUCKET, S3_ENDPOINT, S3_REGION = ENV.s3_bucket, ENV.s3_endpoint, ENV.s3_region

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "django_celery_beat",
    "harvest",
]
AUTHENTICATION_BACKENDS = ["harvest.api.authentication.SessionBackend"]
MIDDLEWARE = [
    "harvest.timing.Timing",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "harvest.api.trail.Trail",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
ROOT_URLCONF = "harvest.urls"
WSGI_APPLICATION = "harvest.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("fr", "Français"), ("zh-hans", "中文")]
TIME_ZONE = ENV.time_zone
USE_TZ = True


def database(url: str) -> dict[str, object]:
    """Django's database entry of a postgresql:// URL; a socket folder may stand in ?host=."""
    parts = urlsplit(url)
    query = {k: v[0] for k, v in parse_qs(parts.query).items()}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "postgres",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.get("host", parts.hostname or ""),
        "PORT": str(parts.port or query.get("port", "")),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


DATABASES = {"default": database(ENV.database_url or ENV.embedded_url("database") or "postgresql:///harvest")}

STATIC_URL = "/static/"
STATIC_ROOT = STATE_DIR / "static"
FRONTEND_DIST = BASE_DIR / "frontend" / "dist"
# Vite names its files by content, so they may be cached for ever and served from where they were built.
STATICFILES_DIRS = [FRONTEND_DIST] if FRONTEND_DIST.is_dir() else []
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ENV.secure_cookies
SESSION_COOKIE_AGE = 12 * 3600
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 2**20
FILE_UPLOAD_TEMP_DIR = None

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.SessionAuthentication",
        "harvest.api.authentication.TokenAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["harvest.api.permissions.RolePermission"],
    "DEFAULT_RENDERER_CLASSES": ["harvest.api.language.InLanguageRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "harvest.api.pagination.NewestFirst",
    # The web server has put the address that a trusted proxy tells in the peer's place (stack/launcher.py).
    "NUM_PROXIES": 0,
    "EXCEPTION_HANDLER": "harvest.api.errors.handle",
    # ?format= is the export's own parameter.
    "URL_FORMAT_OVERRIDE": None,
    "PAGE_SIZE": 50,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Harvest",
    "DESCRIPTION": "From an unmarked liver CT archive to a curated, lesion-marked data set.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    # Values that several fields share get one name in the schema, and so one type in the frontend.
    "ENUM_NAME_OVERRIDES": {
        enum.__name__: [member.value for member in enum]
        for enum in (
            ModelKind,
            JobState,
            Language,
            LesionClass,
            LesionSource,
            LiverSource,
            PreparationState,
            Procedure,
            Verdict,
            QueueState,
            ReadingPolicy,
            RowState,
            Split,
            Strategy,
            Role,
            ImportSource,
            Condition,
            ChainOutcome,
            PromotionGround,
            TokenScope,
            AuditAction,
            AuditOutcome,
            ImportOutcome,
        )
    }
    | {"ChainKindEnum": [kind.value for kind in LESION_KINDS]},
}

CELERY_BROKER_URL = ENV.broker_url or ENV.embedded_url("broker") or "redis://127.0.0.1:6379/0"
# A message is acknowledged when a worker takes it, and none is taken ahead: harvest/queue.py says why.
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_DISABLE_PREFETCH = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "io"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 5
# A beat that is killed would else forget three minutes of what it has sent.
CELERY_BEAT_SYNC_EVERY = 1
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(process)d %(message)s",
        },
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": ENV.log_format}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
}
