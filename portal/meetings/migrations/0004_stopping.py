from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("meetings", "0003_expected"),
    ]

    operations = [
        migrations.AddField(
            model_name="meeting",
            name="cameras_open",
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name="meeting",
            name="chat_open",
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name="meeting",
            name="sharing_open",
            field=models.BooleanField(default=True),
        ),
    ]
