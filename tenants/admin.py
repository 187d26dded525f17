"""The operator's admin. Rows that tenants own can be looked at and removed here; they are changed by the services."""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.translation import gettext_noop

from tenants import audit, services
from tenants.access import Access
from tenants.models import ApiKey, AuditEvent, Invitation, Membership, Role, Tenant, User

# The operator signs in where everybody does, behind the same limits on attempts.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]


class TenantOwnedAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Base for models whose rows belong to a tenant: every tenant's are listed, none is added or edited."""

    list_select_related: ClassVar[tuple[str, ...]] = ("tenant",)
    list_per_page = 50
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = self.model.all_tenants.all()
        ordering = self.get_ordering(request)
        return rows.order_by(*ordering) if ordering else rows

    def has_add_permission(self, request: HttpRequest, *_args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """The tenant can see that the operator was here. Models whose removal is more than a row override this."""
        what = f"{self.opts.verbose_name} {obj.pk}"
        super().delete_model(request, obj)
        audit.record(operator(request, obj.tenant), gettext_noop("removed by the operator"), what)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset:
            self.delete_model(request, row)


def operator(request: HttpRequest, tenant: Tenant) -> Access:
    """The operator's standing in a tenant: an owner's, under their own name in the audit log."""
    assert isinstance(request.user, User)  # noqa: S101 - the admin lets nobody else in
    return Access(tenant=tenant, role=Role.OWNER, user=request.user)


class _UserCreationForm(AdminUserCreationForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ("email",)


class _UserChangeForm(UserChangeForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = "__all__"


@admin.register(User)
class UserAdmin(DjangoUserAdmin):  # type: ignore[type-arg]
    form = _UserChangeForm
    add_form = _UserCreationForm
    ordering = ("email",)
    list_display = ("email", "display_name", "is_active", "is_superuser", "last_login", "date_joined")
    list_filter = ("is_active", "is_superuser", "is_staff")
    search_fields = ("email", "first_name", "last_name")
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("email", "password", "first_name", "last_name")}),
        ("Standing", {"fields": ("is_active", "is_staff", "is_superuser")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "usable_password", "password1", "password2")}),)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Accounts are switched off ("active"), so that the last owner of an organisation cannot vanish unseen."""
        return False


@admin.register(Tenant)
class TenantAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Organisations are made by `manage.py tenant_create`; the slug is in everybody's bookmarks, so it stays."""

    list_display = ("name", "slug", "member_count", "created_at", "deleted_at")
    list_filter = (("deleted_at", admin.EmptyFieldListFilter),)
    search_fields = ("name", "slug")
    fields = ("name", "slug", "id", "created_at", "deleted_at")
    readonly_fields = ("slug", "id", "created_at", "deleted_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        members = Membership.all_tenants.filter(tenant=OuterRef("pk")).values("tenant").annotate(count=Count("pk"))
        tenants: QuerySet[Any] = super().get_queryset(request).annotate(members_total=Subquery(members.values("count")))
        return tenants

    @admin.display(description="members", ordering="members_total")
    def member_count(self, tenant: Any) -> int:
        return tenant.members_total or 0

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Membership)
class MembershipAdmin(TenantOwnedAdmin):
    """The role can be changed; like removal it goes through the services, which keep an owner and the audit log."""

    list_display = ("user", "tenant", "role", "created_at")
    list_filter = ("role", "tenant")
    list_select_related = ("tenant", "user")
    search_fields = ("user__email", "tenant__name", "tenant__slug")
    readonly_fields = ("tenant", "user", "created_at")
    ordering = ("tenant__name", "user__email")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("tenants.changemembers_totalhip"))  # type: ignore[union-attr]

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        role = Role(obj.role)
        stored = Membership.objects.for_tenant(obj.tenant_id).get(pk=obj.pk)
        services.member_change(access=operator(request, obj.tenant), membership=stored, role=role)

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        services.member_remove(access=operator(request, obj.tenant), membership=obj)


@admin.register(Invitation)
class InvitationAdmin(TenantOwnedAdmin):
    list_display = ("email", "tenant", "role", "invited_by", "created_at", "expires_at", "accepted_at")
    list_filter = ("role", ("accepted_at", admin.EmptyFieldListFilter), "tenant")
    list_select_related = ("tenant", "invited_by")
    search_fields = ("email", "tenant__name", "tenant__slug")
    fields = ("tenant", "email", "role", "invited_by", "created_at", "expires_at", "accepted_at")

    def delete_model(self, request: HttpRequest, obj: Invitation) -> None:
        services.invitation_withdraw(access=operator(request, obj.tenant), invitation=obj)


@admin.register(ApiKey)
class ApiKeyAdmin(TenantOwnedAdmin):
    """Removing a row is revoking the key, and leaves nothing of it but its lines in the audit log."""

    list_display = ("name", "prefix", "tenant", "role", "created_by", "created_at", "last_used_at", "expires_at")
    list_filter = ("role", ("revoked_at", admin.EmptyFieldListFilter), "tenant")
    list_select_related = ("tenant", "created_by")
    search_fields = ("name", "prefix", "tenant__name", "tenant__slug")
    fields = (
        "tenant",
        "name",
        "prefix",
        "role",
        "created_by",
        "created_at",
        "last_used_at",
        "expires_at",
        "revoked_at",
    )


@admin.register(AuditEvent)
class AuditEventAdmin(TenantOwnedAdmin):
    """An account of what happened: not even the operator removes a line here."""

    list_display = ("at", "tenant", "action", "target", "actor_name")
    list_filter = ("action", "tenant")
    search_fields = ("action", "target", "actor_name", "tenant__name")
    date_hierarchy = "at"

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
