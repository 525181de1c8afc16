from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("lobby", "0002_expected"),
    ]

    operations = [
        migrations.AddField(
            model_name="place",
            name="camera",
            field=models.BooleanField(null=True),
        ),
        migrations.AddField(
            model_name="place",
            name="screen",
            field=models.BooleanField(null=True),
        ),
    ]
