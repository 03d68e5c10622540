from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("casework", "0012_witness"),
    ]

    operations = [
        migrations.AddField(
            model_name='reference',
            name='other_pack',
            field=models.CharField(max_length=100, null=True),
        ),
        migrations.AddField(
            model_name='reference',
            name='other_template',
            field=models.BinaryField(null=True),
        ),
    ]
