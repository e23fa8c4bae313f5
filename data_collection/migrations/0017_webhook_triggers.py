from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "webhooks" / "sql"

REVERSE = """
DROP TRIGGER note_owner ON data_collection_lead;
DROP TRIGGER note_owner ON data_collection_opportunity;
DROP TRIGGER note_owner ON data_collection_account;
DROP TRIGGER note_score ON data_collection_lead;
DROP TRIGGER note_new ON data_collection_lead;
DROP FUNCTION data_collection_note_owner();
DROP FUNCTION data_collection_note_score();
DROP FUNCTION data_collection_note_new_lead();
DROP FUNCTION data_collection_heard(text);
DROP INDEX lead_email_upper;
DROP INDEX contact_email_upper;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("data_collection", "0016_webhooks"),
        ("salesops", "0002_notices_and_outbox"),
    ]

    operations = [migrations.RunSQL((SQL / "001_changes.sql").read_text(), REVERSE)]
