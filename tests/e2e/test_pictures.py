"""Pictures with a question: attached in every way that there is, looked at by a model that can, and kept."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.chat.pictures import photo, picture
from tests.contracts.openai_server import OpenAIServer, pictures_in, say, text_of
from tests.e2e import papers
from tests.e2e.browsing import READ_MS, Watch, add_document, ask, wait_until_over
from tests.e2e.conftest import ALICE, SignedIn
from tests.e2e.product import KEY, MODEL, VISION_MODEL, Product

PASTE = """async (field) => {
  const canvas = Object.assign(document.createElement("canvas"), {width: 40, height: 30});
  canvas.getContext("2d").fillRect(0, 0, 40, 30);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  const data = new DataTransfer();
  data.items.add(new File([blob], "pasted.png", {type: "image/png"}));
  field.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
}"""
DROP = """(page) => {
  const data = new DataTransfer();
  data.items.add(new File(["<svg/>"], "dropped.svg", {type: "image/svg+xml"}));
  page.dispatchEvent(new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true}));
}"""


@pytest.fixture
def organisation(product: Product) -> str:
    """One of Alice's own, whose only model is blind at first."""
    slug = f"seeing-{uuid4().hex[:6]}"
    product.organisation(slug, name="Seeing", owner=ALICE)
    return slug


@pytest.fixture
def alice(signed_in: SignedIn) -> Page:
    return signed_in(ALICE)


def add_model(page: Page, product: Product, slug: str, model: str) -> None:
    page.goto(product.address(f"/t/{slug}/settings/"))
    page.get_by_text("Add a model").click()
    form = page.locator("form[data-presets]")
    form.get_by_label("Kind").select_option("openai")
    form.get_by_label("Address").fill(product.upstream.base_url)
    form.get_by_label("Model", exact=True).fill(model)
    form.get_by_label("Key", exact=True).fill(KEY)
    form.get_by_role("button", name="Add").click()
    expect(page.locator(".provider").filter(has_text=model)).to_be_visible()


def file(name: str, data: bytes) -> FilePayload:
    return {"name": name, "mimeType": "image/jpeg", "buffer": data}


def test_pictures_are_attached_asked_with_and_still_there_after_a_reload(
    alice: Page, organisation: str, product: Product, upstream: OpenAIServer, watch: Watch
) -> None:
    watch.expect(r"status of 400")  # the one that is none
    add_model(alice, product, organisation, MODEL)
    alice.goto(product.address(f"/t/{organisation}/"))
    alice.get_by_label("Your question").evaluate(PASTE)
    expect(alice.get_by_text("No model that is switched on here can look at pictures.").last).to_be_visible()
    alice.locator("summary").filter(has_text="Attach pictures: not possible here").click()
    alice.get_by_role("link", name="To the settings").click()

    add_model(alice, product, organisation, VISION_MODEL)
    alice.goto(product.address(f"/t/{organisation}/"))
    alice.locator("summary").filter(has_text="Attach pictures").click()
    alice.get_by_label("Choose pictures").set_input_files([file("boiler.jpg", photo()), file("pump.jpg", picture())])
    tray = alice.get_by_role("list", name="Attached pictures")
    expect(tray.get_by_role("img")).to_have_count(2)
    alice.get_by_label("Your question").evaluate(PASTE)
    expect(tray.get_by_role("img", name="pasted.png")).to_be_visible()
    tray.get_by_role("button", name="Remove pump.jpg").click()
    alice.locator("rz-chat").evaluate(DROP)
    expect(alice.get_by_text("This is no picture that can be read")).to_be_visible()
    expect(tray.get_by_role("img")).to_have_count(2)

    upstream.script(say("It shows a red field beside a blue one."))
    turn = ask(alice, "What do these pictures show?")
    wait_until_over(turn)
    expect(tray).to_be_hidden()
    expect(turn.get_by_text("From the picture, not from the documents")).to_be_visible()
    (request,) = [each for each in upstream.requests if each.path.endswith("/chat/completions")]
    assert request.json["model"] == VISION_MODEL
    assert [each.size for each in pictures_in(request.json["messages"][-1])] == [(40, 80), (40, 30)]
    assert "What do these pictures show?" in text_of(request.json["messages"][-1])

    alice.reload()
    shown = alice.locator(".turn").last
    expect(shown.get_by_role("img", name="boiler.jpg")).to_be_visible()
    expect(shown.get_by_text("From the picture, not from the documents")).to_be_visible()
    shown.get_by_role("img", name="boiler.jpg").click()
    large = alice.get_by_role("dialog", name="Picture")
    expect(large.get_by_role("img", name="boiler.jpg")).to_be_visible()
    alice.keyboard.press("Escape")
    expect(large).to_be_hidden()


VIDEO = """async (input, times) => {
  const canvas = Object.assign(document.createElement("canvas"), {width: 160, height: 120});
  const pen = canvas.getContext("2d");
  const recorder = new MediaRecorder(canvas.captureStream(25), {mimeType: "video/webm;codecs=vp8"});
  const pieces = [];
  recorder.ondataavailable = ({data}) => pieces.push(data);
  const stopped = new Promise((resolve) => (recorder.onstop = resolve));
  recorder.start();
  for (let step = 0; step < 12; step++) {
    pen.fillStyle = `hsl(${step * 30} 90% 50%)`;
    pen.fillRect(0, 0, 160, 120);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  recorder.stop();
  await stopped;
  for (let time = 0; time < times; time++) {
    const data = new DataTransfer();
    data.items.add(new File(pieces, "clip.webm", {type: "video/webm"}));
    input.files = data.files;
    input.dispatchEvent(new Event("change", {bubbles: true}));
  }
}"""


def test_frames_of_a_video_are_taken_by_the_browser(alice: Page, organisation: str, product: Product) -> None:
    add_model(alice, product, organisation, VISION_MODEL)
    alice.goto(product.address(f"/t/{organisation}/"))
    tray = alice.get_by_role("list", name="Attached pictures")
    video = alice.get_by_label("Take frames from a video")
    video.evaluate(VIDEO, 1)
    expect(tray.get_by_role("img", name="clip 0.00.jpg")).to_be_visible()
    most = int(alice.locator("[data-part=attach]").get_attribute("data-most") or 0)
    paste = alice.get_by_label("Your question")
    for _picture in range(most - 2):
        paste.evaluate(PASTE)
    expect(tray.get_by_role("img")).to_have_count(most - 1)
    video.evaluate(VIDEO, 2)  # each of them would fit alone
    expect(alice.get_by_text("No more pictures fit")).to_be_visible()
    expect(tray.get_by_role("img")).to_have_count(most)


def test_an_example_leaves_the_pictures_of_the_question_that_is_being_typed(
    alice: Page, organisation: str, product: Product, upstream: OpenAIServer, folder: Path
) -> None:
    add_model(alice, product, organisation, VISION_MODEL)
    add_document(alice, product, organisation, papers.warranty(folder))
    alice.goto(product.address(f"/t/{organisation}/"))
    field = alice.get_by_label("Your question")
    field.evaluate(PASTE)
    tray = alice.get_by_role("list", name="Attached pictures")
    expect(tray.get_by_role("img", name="pasted.png")).to_be_visible()
    field.fill("What does this picture show?")
    upstream.script(say("It is about a kettle [1]."))
    alice.get_by_role("list", name="Examples").get_by_role("button").click()
    turn = alice.locator(".turn")
    wait_until_over(turn)
    expect(turn.get_by_role("img")).to_have_count(0)
    expect(tray.get_by_role("img", name="pasted.png")).to_be_visible()
    expect(field).to_have_value("What does this picture show?")


def test_without_a_script_the_form_takes_pictures(
    signed_in: SignedIn, organisation: str, product: Product, upstream: OpenAIServer
) -> None:
    add_model(signed_in(ALICE), product, organisation, VISION_MODEL)
    plain = signed_in(ALICE, java_script_enabled=False)
    plain.goto(product.address(f"/t/{organisation}/"))
    plain.locator("summary").filter(has_text="Attach pictures").click()
    plain.get_by_label("Choose pictures").set_input_files([file("boiler.jpg", photo())])
    plain.get_by_label("Your question").fill("What is this?")
    upstream.script(say("A red field."))
    plain.get_by_role("button", name="Ask", exact=True).click()
    expect(plain.get_by_role("img", name="boiler.jpg")).to_be_visible()
    expect(plain.get_by_text("A red field.")).to_be_visible(timeout=READ_MS)
