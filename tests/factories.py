"""Rows for tests, valid as they come: `DocumentFactory(tenant=acme)`."""

from __future__ import annotations

import hashlib

import factory
from django.contrib.auth.hashers import make_password
from django.core.files.base import ContentFile
from factory.django import DjangoModelFactory

from ingestion.models import Collection, Document
from tenants.models import Membership, Role, Tenant, User

PASSWORD = "correct horse battery staple"
"""Of every user that `UserFactory` makes."""


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User
        django_get_or_create = ("email",)

    email = factory.Sequence(lambda n: f"user{n}@example.org")
    first_name = factory.LazyAttribute(lambda user: user.email.partition("@")[0].title())
    password = factory.LazyFunction(lambda: make_password(PASSWORD))


class TenantFactory(DjangoModelFactory):
    class Meta:
        model = Tenant
        django_get_or_create = ("slug",)

    slug = factory.Sequence(lambda n: f"tenant-{n}")
    name = factory.LazyAttribute(lambda tenant: tenant.slug.replace("-", " ").title())


class MembershipFactory(DjangoModelFactory):
    class Meta:
        model = Membership

    tenant = factory.SubFactory(TenantFactory)
    user = factory.SubFactory(UserFactory)
    role = Role.MEMBER


class CollectionFactory(DjangoModelFactory):
    class Meta:
        model = Collection

    tenant = factory.SubFactory(TenantFactory)
    name = factory.Sequence(lambda n: f"Collection {n}")


class DocumentFactory(DjangoModelFactory):
    """A text file that waits to be read. `content` (bytes) is stored, and decides `size` and `sha256`."""

    class Meta:
        model = Document

    class Params:
        content = factory.Sequence(lambda n: f"The text of document {n}.".encode())

    tenant = factory.SubFactory(TenantFactory)
    collection = factory.SubFactory(CollectionFactory, tenant=factory.SelfAttribute("..tenant"))
    name = factory.Sequence(lambda n: f"document-{n}.txt")
    media_type = "text/plain"
    size = factory.LazyAttribute(lambda document: len(document.content))
    sha256 = factory.LazyAttribute(lambda document: hashlib.sha256(document.content).hexdigest())
    file = factory.LazyAttribute(lambda document: ContentFile(document.content, name=document.name))


def member(tenant: Tenant, name: str, role: Role = Role.MEMBER) -> User:
    """Return the user `name`@example.org, who has `role` in `tenant`."""
    user: User = UserFactory(email=f"{name}@example.org", first_name=name.title())
    MembershipFactory(tenant=tenant, user=user, role=role)
    return user
