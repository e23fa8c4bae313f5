from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('data_collection', '0019_separators_of_a_file'),
    ]

    operations = [
        migrations.DeleteModel(name='NoteChoice'),
        migrations.RemoveField(model_name='qualityscore', name='weight_broken'),
        migrations.RemoveField(model_name='qualityscore', name='weight_checked'),
        migrations.AddField(
            model_name='qualityscore',
            name='weight',
            field=models.PositiveIntegerField(default=0, help_text='Weights of the worst finding of each of them.'),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='qualityscore',
            name='checked',
            field=models.JSONField(blank=True, default=dict, help_text='Of a rep: rows each rule looked at.'),
        ),
        migrations.AlterField(
            model_name='qualityscore',
            name='findings',
            field=models.PositiveIntegerField(help_text='Findings that stand, of all rows.'),
        ),
        migrations.AlterField(
            model_name='qualityscore',
            name='rows',
            field=models.PositiveIntegerField(help_text='Rows in play.'),
        ),
    ]
