from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "facts" / "sql"


class Migration(migrations.Migration):
    dependencies = [("data_collection", "0007_open_deals")]

    operations = [
        migrations.RunSQL(
            (SQL / "006_far_dates.sql").read_text(),
            # The views keep their columns; only the number of days between far dates differs.
            migrations.RunSQL.noop,
        ),
    ]
