"""Who belongs to an organisation, for its admins."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from project.errors import AppError
from tenants import selectors, services
from tenants.access import Access, tenant_view
from tenants.forms import InviteForm, RoleForm, roles_within
from tenants.limits import spend
from tenants.models import Membership, Role

INVITATIONS_PER_MINUTE = 20


@require_GET
@tenant_view(Role.ADMIN)
def members(request: HttpRequest, access: Access) -> HttpResponse:
    return _members_page(request, access, form=InviteForm(access=access))


@require_POST
@tenant_view(Role.ADMIN)
def invite(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the new link on the page itself: it is stored only as a hash, so it cannot wait for a redirect."""
    form = InviteForm(request.POST, access=access)
    if not form.is_valid():
        return _members_page(request, access, form=form, status=400)
    spend(
        "invitations",
        access.tenant.pk,
        per_minute=INVITATIONS_PER_MINUTE,
        message=_("These are many invitations at once. Wait a minute before you send more."),
    )
    try:
        invitation, token = services.member_invite(
            access=access, email=form.cleaned_data["email"], role=Role(form.cleaned_data["role"])
        )
    except AppError as error:
        form.add_error("email", error.message)
        return _members_page(request, access, form=form, status=400)
    link = settings.PUBLIC_URL + reverse("tenants:invitation", args=[token])
    services.invitation_mail(invitation=invitation, link=link)
    return _members_page(
        request, access, form=InviteForm(access=access), new_link=link, new_link_email=invitation.email
    )


@require_POST
@tenant_view(Role.ADMIN)
def member_change(request: HttpRequest, access: Access, pk: int) -> HttpResponse:
    membership = get_object_or_404(selectors.members_list(tenant=access.tenant), pk=pk)
    form = RoleForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("There is no such role. Choose one from the list."))
    else:
        try:
            services.member_change(access=access, membership=membership, role=Role(form.cleaned_data["role"]))
        except AppError as error:
            messages.error(request, error.message)
        else:
            messages.success(request, _("The role of %(email)s is changed.") % {"email": membership.user.email})
    return _back(access)


@require_POST
@tenant_view()
def member_remove(request: HttpRequest, access: Access, pk: int) -> HttpResponse:
    """Take a member away, or leave: everybody may remove themselves."""
    membership = get_object_or_404(selectors.members_list(tenant=access.tenant), pk=pk)
    return _remove(request, access, membership)


@require_POST
@tenant_view()
def leave(request: HttpRequest, access: Access) -> HttpResponse:
    """The same for oneself, from the menu of every page: most people do not see the list of members."""
    membership = get_object_or_404(selectors.members_list(tenant=access.tenant), user=access.user)
    return _remove(request, access, membership)


def _remove(request: HttpRequest, access: Access, membership: Membership) -> HttpResponse:
    try:
        services.member_remove(access=access, membership=membership)
    except AppError as error:
        if not access.is_admin:
            raise
        messages.error(request, error.message)
    else:
        if membership.user == access.user:
            messages.success(request, _("You have left %(tenant)s.") % {"tenant": access.tenant.name})
        else:
            messages.success(request, _("%(email)s is no longer a member.") % {"email": membership.user.email})
    return _back(access)


@require_POST
@tenant_view(Role.ADMIN)
def invitation_withdraw(request: HttpRequest, access: Access, pk: UUID) -> HttpResponse:
    invitation = get_object_or_404(selectors.invitations_open(tenant=access.tenant), pk=pk)
    services.invitation_withdraw(access=access, invitation=invitation)
    messages.success(request, _("The invitation of %(email)s is withdrawn.") % {"email": invitation.email})
    return redirect("tenants:members", access.tenant.slug)


def _back(access: Access) -> HttpResponse:
    """To the members, or home for an admin who has just taken the right to see them from themselves."""
    own = Membership.objects.for_tenant(access.tenant).filter(user=access.user).first()
    if own is not None and Role(own.role).may(Role.ADMIN):
        return redirect("tenants:members", access.tenant.slug)
    return redirect("home")


def _members_page(
    request: HttpRequest,
    access: Access,
    *,
    form: InviteForm,
    new_link: str = "",
    new_link_email: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {
        "members": selectors.members_list(tenant=access.tenant),
        "invitations": selectors.invitations_open(tenant=access.tenant).select_related("invited_by"),
        "roles": roles_within(access),
        "form": form,
        "new_link": new_link,
        "new_link_email": new_link_email,
    }
    response = render(request, "tenants/members.html", context, status=status)
    if new_link:
        response["Cache-Control"] = "no-store"
    return response
