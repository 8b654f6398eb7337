"""A ranking frozen with its reasons: the record that a decision rested on. It is written once."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import models

from evenground.audit_log import digest_record


class FrozenRankingError(RuntimeError):
    """Code that would change or remove a record: nobody's mistake but a programmer's."""


class _WrittenOnce(models.QuerySet["FrozenRanking"]):
    """Records that can be read and added to."""

    def update(self, **_: Any) -> NoReturn:
        """Refuse."""
        raise FrozenRankingError("A frozen ranking cannot be changed. Freeze another.")

    def delete(self) -> NoReturn:
        """Refuse."""
        raise FrozenRankingError("A frozen ranking cannot be removed.")


class FrozenRanking(models.Model):
    """What was ranked, how, from which release, why it is kept, who kept it and when.

    ``rows`` holds every community as it stood, ``evidence`` the records that its benefits rested on,
    ``sha256`` the digest of all the rest. Nothing that it holds is looked up again: a later release, or
    another name of an account, changes no record. The database refuses to change or remove one as well: see
    the migrations.
    """

    service_id = models.CharField(max_length=200)
    service_name = models.CharField(max_length=400)
    community_type = models.CharField(max_length=60)
    order = models.CharField(max_length=40)
    flags = models.CharField(max_length=4, blank=True)
    standard = models.CharField(max_length=20, blank=True)
    own_standard = models.BooleanField()
    title = models.CharField(max_length=200)
    reasons = models.TextField()
    release_id = models.CharField(max_length=100)
    release_sha256 = models.CharField(max_length=64)
    place_name = models.CharField(max_length=200)
    as_at = models.CharField(max_length=20)
    policy = models.CharField(max_length=200)
    rows = models.JSONField()
    evidence = models.JSONField(default=list)
    frozen_by = models.CharField(max_length=80)
    frozen_by_name = models.CharField(max_length=120)
    frozen_by_role = models.CharField(max_length=20)
    frozen_at = models.DateTimeField()
    sha256 = models.CharField(max_length=64)

    objects = _WrittenOnce.as_manager()

    class Meta:
        ordering = ("-frozen_at", "-id")

    def __str__(self) -> str:
        return self.title

    def calculate_digest(self) -> str:
        """The SHA-256 of all that the record says."""
        kept = ("id", "sha256", "frozen_at")
        names = (field.name for field in self._meta.concrete_fields if field.name not in kept)
        facts: dict[str, Any] = {name: getattr(self, name) for name in names}
        facts["frozen_at"] = self.frozen_at.isoformat(timespec="seconds")
        return digest_record(facts)

    def save(self, *args: Any, **options: Any) -> None:
        """Write the record; it is never written a second time."""
        if self.pk is not None:
            raise FrozenRankingError("A frozen ranking cannot be changed. Freeze another.")
        super().save(*args, **options)

    def delete(self, *args: Any, **options: Any) -> NoReturn:
        """Refuse."""
        raise FrozenRankingError("A frozen ranking cannot be removed.")
