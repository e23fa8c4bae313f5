from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "facts" / "sql"


class Migration(migrations.Migration):
    dependencies = [("data_collection", "0005_imports")]

    operations = [
        migrations.RunSQL(
            (SQL / "004_activity_rows.sql").read_text(),
            # The event view keeps its columns; only where they come from differs.
            migrations.RunSQL.noop,
        ),
    ]
