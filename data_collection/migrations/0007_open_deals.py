from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "facts" / "sql"


class Migration(migrations.Migration):
    dependencies = [("data_collection", "0006_activity_rows")]

    operations = [
        migrations.RunSQL(
            (SQL / "005_open_deals.sql").read_text(),
            # The view keeps its columns; only where they come from differs.
            migrations.RunSQL.noop,
        ),
    ]
