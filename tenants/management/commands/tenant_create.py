"""`manage.py tenant_create acme --name "Acme Ltd" --owner alice@example.org`"""

from __future__ import annotations

import sys
from getpass import getpass
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.db import transaction

from tenants import services
from tenants.errors import TenancyError
from tenants.models import User


class Command(BaseCommand):
    help = "Make an organisation and its owner. The password of a new owner is asked for, or read from standard input."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="the part of the address that names the organisation, for example acme")
        parser.add_argument("--name", help="the organisation's name; the slug where it is left out")
        parser.add_argument("--owner", required=True, metavar="EMAIL", help="an account of its own is made if needed")

    @transaction.atomic
    def handle(self, *_args: Any, slug: str, name: str | None, owner: str, **_options: Any) -> None:
        user = User.objects.filter(email__iexact=owner.strip()).first() or _account(owner)
        try:
            tenant = services.tenant_create(slug=slug, name=name or slug, owner=user)
        except TenancyError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{tenant.name} is at /t/{tenant.slug}/ and {user.email} is its owner.")


def _account(email: str) -> User:
    try:
        validate_email(email)
        password = _password(email)
        validate_password(password, User(email=email))
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from error
    return User.objects.create_user(email, password)


def _password(email: str) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass(f"Password for {email}: ")
    if getpass("The same again: ") != password:
        raise CommandError("The two passwords differ. Run the command again.")
    return password
