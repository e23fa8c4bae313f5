"""The Celery application. Beat only ticks; what is due is decided in `salesops.jobs`."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "salesops.settings")

app = Celery("salesops")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    "sweep": {"task": "salesops.jobs.tasks.sweep", "schedule": 15.0, "options": {"expires": 15}},
    "relay": {"task": "salesops.notices.tasks.relay", "schedule": 10.0, "options": {"expires": 10}},
    "inbox": {"task": "data_collection.webhooks.tasks.inbox", "schedule": 10.0, "options": {"expires": 10}},
    "tick": {"task": "salesops.jobs.tasks.tick", "schedule": 60.0, "options": {"expires": 60}},
}
