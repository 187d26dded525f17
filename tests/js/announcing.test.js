import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { newsOf } from "razgovor/chat/announcing.js";
import { newTurn, reduce } from "razgovor/chat/reducer.js";

const ID = "6f1c1d0e-0000-4000-8000-000000000001";
const MESSAGES = { completed: "Complete.", refused: "Not there.", stopped: "Stopped.", failed: "Failed." };
const block = (index, html) => ({ type: "answer.block", index, html });
const end = (refused = false) => ({ type: "turn.completed", html: "<p>whole</p>", usage: {}, refused });

/** Everything that is said while these events come in. */
function said(...events) {
  let state = newTurn(ID);
  return events.flatMap((event, index) => {
    const before = state;
    state = reduce(state, { turn_id: ID, seq: index + 1, ...event });
    return newsOf(before, state, `${state.stage}…`, MESSAGES, (html) => html);
  });
}

describe("newsOf", () => {
  it("says each block once, when it is finished, and never its single words", () => {
    const stage = { type: "turn.stage", stage: "writing" };
    assert.deepEqual(said(stage, block(0, "One"), block(0, "One two."), block(1, "Th"), block(1, "Three."), end()), [
      "writing…",
      "One two.",
      "Three.",
      "Complete.",
    ]);
  });

  it("says the last block when the check of it is through, and not again at the end", () => {
    const checking = { type: "turn.stage", stage: "checking" };
    const checked = { type: "answer.checked", html: "<p>One.</p>", summary: "" };
    assert.deepEqual(said(block(0, "One."), checking, checked, end()), ["checking…", "One.", "Complete."]);
  });

  it("says after the end what the page says about it", () => {
    const checked = { type: "answer.checked", html: "<p>One.</p>", summary: "Not supported: 1" };
    const noticed = { ...end(), notice: "Phi wrote it." };
    assert.deepEqual(said(block(0, "One."), checked, noticed), ["One.", "Complete.", "Phi wrote it.", "Not supported: 1"]);
    assert.deepEqual(said({ type: "turn.failed", html: "", code: "x", message: "Ask later." }), ["Failed.", "Ask later."]);
  });

  it("says how else it ended", () => {
    assert.deepEqual(said(block(0, "No."), end(true)), ["No.", "Not there."]);
    assert.deepEqual(said(block(0, "On"), { type: "turn.stopped", html: "<p>On</p>" }), ["On", "Stopped."]);
  });
});
