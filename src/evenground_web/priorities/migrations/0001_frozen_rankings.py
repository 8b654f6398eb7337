# ruff: noqa: RUF012
"""Frozen rankings."""

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="FrozenRanking",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("service_id", models.CharField(max_length=200)),
                ("service_name", models.CharField(max_length=400)),
                ("community_type", models.CharField(max_length=60)),
                ("order", models.CharField(max_length=40)),
                ("flags", models.CharField(blank=True, max_length=4)),
                ("standard", models.CharField(blank=True, max_length=20)),
                ("own_standard", models.BooleanField()),
                ("title", models.CharField(max_length=200)),
                ("reasons", models.TextField()),
                ("release_id", models.CharField(max_length=100)),
                ("release_sha256", models.CharField(max_length=64)),
                ("place_name", models.CharField(max_length=200)),
                ("as_at", models.CharField(max_length=20)),
                ("policy", models.CharField(max_length=200)),
                ("rows", models.JSONField()),
                ("frozen_by", models.CharField(max_length=80)),
                ("frozen_by_name", models.CharField(max_length=120)),
                ("frozen_by_role", models.CharField(max_length=20)),
                ("frozen_at", models.DateTimeField()),
                ("sha256", models.CharField(max_length=64)),
            ],
            options={
                "ordering": ("-frozen_at", "-id"),
            },
        ),
    ]
