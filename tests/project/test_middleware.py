"""What every response says of itself."""

from __future__ import annotations

from django.test import Client

from tests.project.test_settings import setting


def test_a_page_may_use_no_device_unless_the_operator_says_so() -> None:
    assert Client().get("/accounts/login/").headers["Permissions-Policy"].startswith("microphone=(), camera=()")
    allowed = setting("PERMISSIONS_POLICY", RAZGOVOR_SPEECH_INPUT="1").stdout
    assert allowed.startswith("microphone=(self), camera=()")
