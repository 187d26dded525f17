"""What is typed on the members', the API keys' and the invitation's pages."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants.access import Access
from tenants.models import ApiKey, Role


def roles_within(access: Access) -> list[tuple[str, Any]]:
    """The roles that this member may give to others: none above their own."""
    return [(role.value, role.label) for role in Role if access.may(role)]


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)


class InviteForm(forms.Form):
    email = forms.EmailField(label=_("E-mail address"))
    role = forms.ChoiceField(label=_("Role"), initial=Role.MEMBER)

    def __init__(self, *args: Any, access: Access, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = roles_within(access)  # type: ignore[attr-defined]


class ApiKeyForm(forms.Form):
    """A new key for a program. No key is an owner: what an owner alone may do is done by people."""

    name = forms.CharField(
        label=_("What is it for?"),
        max_length=ApiKey.NAME_CHARS,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(label=_("Role"), initial=Role.MEMBER)
    days = forms.TypedChoiceField(
        label=_("Works for"),
        coerce=int,
        initial=365,
        choices=[(30, _("30 days")), (90, _("90 days")), (365, _("a year")), (0, _("until it is revoked"))],
    )

    def __init__(self, *args: Any, access: Access, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = [  # type: ignore[attr-defined]
            choice for choice in roles_within(access) if choice[0] != Role.OWNER
        ]

    def expires_at(self) -> datetime | None:
        """When the key that was asked for ends; None where it does not."""
        days: int = self.cleaned_data["days"]
        return timezone.now() + timedelta(days=days) if days else None


class AccountForm(forms.Form):
    """The new account of somebody who was invited; the invitation knows the address."""

    name = forms.CharField(
        label=_("Your name"), max_length=150, required=False, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=256,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
