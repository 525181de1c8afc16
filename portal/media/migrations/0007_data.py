from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("media", "0006_lobby"),
    ]

    operations = [
        migrations.AddField(
            model_name="admission",
            name="data",
            field=models.BooleanField(default=True),
        ),
    ]
