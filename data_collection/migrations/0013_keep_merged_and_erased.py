from pathlib import Path

from django.db import migrations

SUITES = Path(__file__).resolve().parent.parent

DROP_MERGED = "DROP FUNCTION data_collection_keep_merged() CASCADE;"
DROP_ERASED = """
DROP FUNCTION data_collection_keep_erased_contact() CASCADE;
DROP FUNCTION data_collection_keep_erased_lead() CASCADE;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('data_collection', '0012_duplicates_and_erasures'),
    ]

    operations = [
        migrations.RunSQL((SUITES / "duplicates" / "sql" / "001_keep_merged.sql").read_text(), DROP_MERGED),
        migrations.RunSQL((SUITES / "privacy" / "sql" / "001_keep_erased.sql").read_text(), DROP_ERASED),
    ]
