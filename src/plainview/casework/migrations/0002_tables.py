# Dates of capture with their precision, and how a manifest was read.

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('casework', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='enrolment',
            name='reading',
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name='reference',
            name='captured_precision',
            field=models.CharField(max_length=5, null=True),
        ),
    ]
