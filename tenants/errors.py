"""What can go wrong between people, organisations and what they may do.

TenancyError
├── TenantRequired     a query for a tenant's rows was run without one: a bug, never shown
├── NotFound           no such tenant, or not a member of it: the same answer for both
├── Forbidden          a member whose role does not allow it
├── LimitReached       too many, too much; retryable
├── KeyRefused         a program's key that is unknown, revoked or expired: the same answer for all
└── InvitationInvalid  used, expired, withdrawn or never made
"""

from __future__ import annotations

from project.errors import AppError


class TenancyError(AppError):
    code = "tenancy.failed"


class TenantRequired(RuntimeError):
    """Not an `AppError`: the query is wrong, not the person."""


class NotFound(TenancyError):
    code = "tenancy.not_found"


class Forbidden(TenancyError):
    code = "tenancy.forbidden"


class LimitReached(TenancyError):
    code = "limit.reached"
    retryable = True


class KeyRefused(TenancyError):
    code = "key.refused"


class InvitationInvalid(TenancyError):
    code = "invitation.invalid"
