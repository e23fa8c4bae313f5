from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("data_collection", "0003_facts_and_targets")]

    operations = [
        migrations.CreateModel(
            name="QualityCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("rule", models.CharField(max_length=60)),
                ("broken", models.PositiveIntegerField(help_text="Rows that broke the rule.")),
                ("checked", models.PositiveIntegerField(help_text="Rows the rule looked at.")),
                (
                    "money",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        help_text="Amount of those rows, reporting currency.",
                        max_digits=20,
                        null=True,
                    ),
                ),
            ],
            options={"verbose_name": "quality count", "ordering": ["-day", "rule"]},
        ),
        migrations.AddConstraint(
            model_name="qualitycount",
            constraint=models.UniqueConstraint(fields=("day", "rule"), name="qualitycount_once_a_day"),
        ),
    ]
