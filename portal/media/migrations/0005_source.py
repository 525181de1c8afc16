from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("media", "0004_removal")]
    operations = [migrations.AddField("admission", "source", models.CharField(blank=True, max_length=32))]
