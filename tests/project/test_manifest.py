"""The chat can be installed as an application."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.test import Client
from django.urls import reverse
from PIL import Image

STATIC = Path(settings.BASE_DIR, "static")


def test_every_icon_is_there_in_its_size(client: Client) -> None:
    icons = client.get(reverse("manifest")).json()["icons"]
    assert {icon["purpose"] for icon in icons} == {"any", "maskable"}
    for icon in icons:
        with Image.open(STATIC / "img" / Path(icon["src"]).name) as image:
            assert f"{image.width}x{image.height}" == icon["sizes"]


def test_it_opens_at_the_front_door_in_a_window_of_its_own(client: Client) -> None:
    response = client.get(reverse("manifest"), headers={"accept-language": "ar"})
    assert response.headers["Content-Type"] == "application/manifest+json"
    about = response.json()
    assert (about["start_url"], about["display"], about["lang"], about["dir"]) == ("/", "standalone", "ar", "rtl")


def test_pages_tell_of_it(client: Client) -> None:
    page = client.get(reverse("account_login")).text
    assert f'rel="manifest" href="{reverse("manifest")}"' in page
