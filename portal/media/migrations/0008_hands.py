from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("media", "0007_data"),
    ]

    operations = [
        migrations.AddField(
            model_name="admission",
            name="agreed",
            field=models.BooleanField(null=True),
        ),
        migrations.AddField(
            model_name="admission",
            name="asked",
            field=models.CharField(blank=True, default="", max_length=10),
        ),
        migrations.AddField(
            model_name="admission",
            name="asked_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="admission",
            name="camera",
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name="admission",
            name="hand_at",
            field=models.DateTimeField(null=True),
        ),
    ]
