"""A competition may have features of its own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Two fields that stay empty for the competitions that there are."""

    dependencies = [("competitions", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="competition",
            name="features_digest",
            field=models.CharField(blank=True, default="", max_length=64),
            preserve_default=False,
        ),
        migrations.AddField(model_name="competition", name="feature_columns", field=models.JSONField(default=list)),
    ]
