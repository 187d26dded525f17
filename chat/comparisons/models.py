"""What answers of several models to one question have in common."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.scoping import TenantOwned


class Comparison(TenantOwned):
    """Each answer is a turn, beside the others. Whoever has asked is the only one who can say which is better."""

    class Verdict(models.TextChoices):
        NONE = "", _("Not judged")
        BETTER = "better", _("One is better")
        GOOD = "good", _("All are good")
        BAD = "bad", _("All are bad")

    conversation = models.ForeignKey("chat.Conversation", on_delete=models.CASCADE, related_name="+")
    blind = models.BooleanField(default=False)
    """Which model wrote what is not shown before it is judged."""
    verdict = models.CharField(max_length=6, choices=Verdict, default=Verdict.NONE, blank=True)
    best = models.ForeignKey("chat.Turn", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    """The better one, where one is."""
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.get_verdict_display()
