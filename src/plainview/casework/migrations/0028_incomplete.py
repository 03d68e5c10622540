from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('casework', '0018_desk_more'),
    ]

    operations = [
        migrations.AddField(
            model_name='search',
            name='incomplete',
            field=models.JSONField(null=True),
        ),
    ]
