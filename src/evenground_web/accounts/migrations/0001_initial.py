# ruff: noqa: RUF012
"""The account."""

import django.contrib.auth.validators
import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Account",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "username",
                    models.CharField(
                        error_messages={"unique": "There is an account with this log-in name already."},
                        max_length=80,
                        unique=True,
                        validators=[django.contrib.auth.validators.ASCIIUsernameValidator()],
                        verbose_name="log-in name",
                    ),
                ),
                ("display_name", models.CharField(max_length=120)),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("analyst", "Public health analyst"),
                            ("steward", "Data steward"),
                            ("lead", "Prevention lead"),
                            ("champion", "Community champion"),
                            ("frontline", "Frontline worker"),
                            ("board", "Board member, councillor or resident"),
                        ],
                        max_length=20,
                    ),
                ),
                ("is_active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("role__in", ["analyst", "steward", "lead", "champion", "frontline", "board"])
                        ),
                        name="account_role_is_known",
                    ),
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("username"),
                        name="account_username_any_case",
                        violation_error_message="There is an account with this log-in name already.",
                    ),
                ],
            },
        ),
    ]
