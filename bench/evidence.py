"""How soon the sources are on the screen: from pressing Enter in a real browser to the picture that has them, with the
sentences marked that decide, while the model has not said a word yet."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from playwright.sync_api import Page, sync_playwright

from bench.conversation import summary
from bench.support import ingest, main, product, progress, session_cookie, tenant_with_members
from bench.texts import manuals
from tests.contracts.http import Reply, Request
from tests.contracts.openai_server import OpenAIServer, say
from tests.services import chromium

FIRST_TOKEN_S = 20.0
"""A model of 3.8 billion parameters on a processor takes as long to read its prompt."""
MODEL = "phi-3.5-mini"
QUESTIONS = 30
WARM_UP = 3
"""Questions before those that count: a browser and a server that have just started do everything for the first time."""
MANUALS, CHAPTERS = 12, 6
SLUG = "evidence"
ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu"]

WATCH = """
() => new Promise((resolve, reject) => {
  const field = document.querySelector("[data-part=composer] textarea");
  let pressed = 0;
  const marked = () => document.querySelectorAll(".source mark").length;
  const observer = new MutationObserver(() => {
    if (!pressed || !marked()) return;
    observer.disconnect();
    // The picture is made after the frame's callbacks; the next task runs when it has been.
    requestAnimationFrame(() => setTimeout(() => resolve({
      seconds: (performance.now() - pressed) / 1000,
      sources: document.querySelectorAll(".source:not([hidden])").length,
      marked: marked(),
      answer: document.querySelector(".turn .answer").textContent.trim(),
    })));
  });
  observer.observe(document.body, {subtree: true, childList: true});
  field.addEventListener("keydown", (event) => (pressed = event.timeStamp), {capture: true, once: true});
  setTimeout(() => reject(new Error("no marked source within ten seconds")), 10000);
})
"""


class SlowModel(OpenAIServer):
    """Says nothing for a long time."""

    async def _completions(self, request: Request, reply: Reply) -> None:
        await say("Yes ", "[1].", first_token_s=FIRST_TOKEN_S)(request, reply)


def measure(quick: bool) -> Mapping[str, Any]:
    executable = chromium()
    if executable is None:
        sys.exit("There is no Chromium here, so that nothing can be measured.")
    with (
        SlowModel(models=(MODEL,)) as upstream,
        product(
            RAZGOVOR_LLM=f"openai:{MODEL}", RAZGOVOR_LLM_URL=upstream.base_url, RAZGOVOR_QUESTIONS_PER_MINUTE="100000"
        ) as running,
    ):
        texts = manuals(MANUALS, chapters=CHAPTERS, seed=2)
        tenant, (user,) = tenant_with_members(SLUG, 1)
        ingest(tenant, user, texts)
        cookie = session_cookie(user)
        questions = sorted(question for text in texts for question in text.questions)
        asked = questions[: WARM_UP + (QUESTIONS // 4 if quick else QUESTIONS)]
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS, headless=False)
            context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
            context.add_cookies([{"name": "sessionid", "value": cookie, "url": running.address}])
            seen = _ask_all(context.new_page(), f"{running.address}t/{SLUG}/", asked)[WARM_UP:]
            browser.close()
    return {
        "questions": len(seen),
        "model_first_token_s": FIRST_TOKEN_S,
        "sources_per_question": sum(each["sources"] for each in seen) / len(seen),
        "marked_sentences_per_question": sum(each["marked"] for each in seen) / len(seen),
        "enter_to_marked_sources_on_screen": summary([each["seconds"] for each in seen]),
    }


def _ask_all(page: Page, home: str, questions: Sequence[str]) -> list[dict[str, Any]]:
    seen = []
    for question in questions:
        page.goto(home)  # a conversation of its own: nothing is known from the question before
        page.wait_for_load_state("networkidle")
        page.get_by_label("Your question").fill(question)
        page.evaluate(f"void (window.seen = ({WATCH})())")
        page.keyboard.press("Enter")
        seen.append(page.evaluate("() => window.seen"))
        assert seen[-1]["answer"] == "", "the model had begun already"
        page.get_by_role("button", name="Stop the answer").click()
        page.locator(".turn[data-status=stopped]").wait_for()
        progress(f"  {seen[-1]['seconds'] * 1000:.0f} ms")
    return seen


if __name__ == "__main__":
    main(measure)
