import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { failLocally, isFinal, isGap, newTurn, reduce } from "razgovor/chat/reducer.js";

const ID = "6f1c1d0e-0000-4000-8000-000000000001";

function numbered(...events) {
  return events.map((event, index) => ({ turn_id: ID, seq: index + 1, ...event }));
}

const SOURCE = { number: 1, document: "Rulebook.pdf", page: 34, heading: "Leave", excerpt: [{ text: "Twenty days.", is_deciding: true }], url: "/s/1/" };
const WHOLE = numbered(
  {
    type: "turn.accepted",
    conversation_id: "c1",
    conversation_title: "Leave",
    conversation_url: "/t/acme/c/c1/",
    question: "How many days?",
  },
  { type: "turn.stage", stage: "searching" },
  { type: "turn.sources", sources: [SOURCE], omitted: 2, shortened: 1 },
  { type: "turn.stage", stage: "writing" },
  { type: "answer.block", index: 0, html: "<p>Twenty" },
  { type: "answer.block", index: 0, html: "<p>Twenty days.</p>" },
  { type: "answer.citation", number: 1 },
  { type: "answer.block", index: 1, html: "<p>More.</p>" },
  {
    type: "turn.completed",
    html: "<p>Twenty days.</p><p>More.</p>",
    usage: { prompt_tokens: 900, completion_tokens: 8 },
    elapsed_ms: 4200,
    model: "phi3.5",
    refused: false,
    notice: "",
    context: { used: 908, size: 4096, earlier: 5, remembered: 3 },
  },
);

const play = (events, state = newTurn(ID, "How many days?")) => events.reduce(reduce, state);

describe("reduce", () => {
  it("follows a turn from the question to the whole answer", () => {
    const state = play(WHOLE);
    assert.equal(state.status, "completed");
    assert.equal(state.html, "<p>Twenty days.</p><p>More.</p>");
    assert.deepEqual(state.blocks, ["<p>Twenty days.</p>", "<p>More.</p>"]);
    assert.deepEqual(state.sources, [SOURCE]);
    assert.equal(state.omitted, 2);
    assert.deepEqual(state.context, { used: 908, size: 4096, earlier: 5, remembered: 3 });
    assert.equal(state.shortened, 1);
    assert.deepEqual(state.cited, [1]);
    assert.deepEqual(state.conversation, { id: "c1", title: "Leave", url: "/t/acme/c/c1/" });
    assert.equal(state.model, "phi3.5");
    assert.equal(state.elapsedMs, 4200);
  });

  it("shows a checked answer whole before the turn is over", () => {
    const checked = { type: "answer.checked", html: "<p><mark>Twenty</mark></p>", summary: "One.", seq: 9, turn_id: ID };
    const state = reduce(play(WHOLE.slice(0, 8)), checked);
    assert.equal(isFinal(state), false);
    assert.equal(state.html, "<p><mark>Twenty</mark></p>");
    assert.equal(state.checkSummary, "One.");
  });

  it("changes nothing when any stretch is applied again", () => {
    for (let from = 0; from < WHOLE.length; from += 1) {
      for (let to = from; to <= WHOLE.length; to += 1) {
        const state = play(WHOLE.slice(0, to));
        assert.equal(play(WHOLE.slice(from, to), state), state);
      }
    }
  });

  it("ends the same however the stream was cut and resumed", () => {
    const expected = play(WHOLE);
    for (let cut = 0; cut <= WHOLE.length; cut += 1) {
      for (let again = 0; again <= cut; again += 1) {
        assert.deepEqual(play(WHOLE.slice(again), play(WHOLE.slice(0, cut))), expected);
      }
    }
  });

  it("waits for the missing event when one comes too early", () => {
    const state = play(WHOLE.slice(0, 2));
    assert.equal(isGap(state, WHOLE[3]), true);
    assert.equal(reduce(state, WHOLE[3]), state);
    assert.equal(isGap(state, WHOLE[2]), false);
    assert.equal(isGap(state, WHOLE[0]), false);
  });

  it("leaves other turns alone", () => {
    const state = newTurn(ID);
    assert.equal(reduce(state, { ...WHOLE[0], turn_id: "another" }), state);
  });

  it("leaves untouched what an event does not concern, so that only changes are drawn", () => {
    const before = play(WHOLE.slice(0, 5));
    const after = reduce(before, WHOLE[5]);
    assert.equal(after.sources, before.sources);
    assert.equal(after.cited, before.cited);
    assert.notEqual(after.blocks, before.blocks);
    assert.deepEqual(before.blocks, ["<p>Twenty"]);
  });

  it("marks a citation once", () => {
    const twice = numbered({ type: "answer.citation", number: 2 }, { type: "answer.citation", number: 2 });
    assert.deepEqual(play(twice).cited, [2]);
  });

  it("fills blocks that were skipped with nothing", () => {
    assert.deepEqual(play(numbered({ type: "answer.block", index: 2, html: "c" })).blocks, ["", "", "c"]);
  });

  it("keeps what was written when the turn is stopped", () => {
    const state = play(numbered({ type: "turn.stopped", html: "<p>Half", elapsed_ms: 900 }));
    assert.equal(state.status, "stopped");
    assert.equal(state.html, "<p>Half");
    assert.equal(state.error, null);
  });

  it("keeps the sentence of a failure and whether another try may help", () => {
    const failed = { type: "turn.failed", html: "", code: "provider.unreachable", message: "Start Ollama.", retryable: true };
    const state = play(numbered(failed));
    assert.equal(state.status, "failed");
    assert.deepEqual(state.error, { code: "provider.unreachable", message: "Start Ollama.", retryable: true });
  });

  it("says so when the documents hold no answer", () => {
    const refused = { ...WHOLE[8], seq: 1, refused: true };
    assert.equal(play([refused]).refused, true);
  });

  it("takes nothing after the end", () => {
    const state = play(WHOLE);
    assert.equal(reduce(state, { turn_id: ID, seq: 10, type: "answer.block", index: 0, html: "late" }), state);
  });

  it("counts an event of a later version and otherwise ignores it", () => {
    const state = play(numbered({ type: "turn.mood", mood: "good" }, { type: "turn.stage", stage: "ranking" }));
    assert.equal(state.seq, 2);
    assert.equal(state.stage, "ranking");
  });

  it("never changes a state in place", () => {
    const states = [newTurn(ID)];
    for (const event of WHOLE) states.push(reduce(states.at(-1), event));
    for (const state of states) assert.equal(Object.isFrozen(state), true);
    assert.equal(states[0].seq, 0);
  });
});

describe("failLocally", () => {
  it("ends a turn that the server would not take", () => {
    const state = failLocally(newTurn(ID, "q"), { code: "limit.reached", message: "Wait a minute." });
    assert.equal(isFinal(state), true);
    assert.deepEqual(state.error, { code: "limit.reached", message: "Wait a minute.", retryable: true });
  });

  it("does not touch a turn that is over", () => {
    const state = play(WHOLE);
    assert.equal(failLocally(state, { code: "x", message: "y" }), state);
  });
});
