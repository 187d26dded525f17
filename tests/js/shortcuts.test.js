import assert from "node:assert/strict";
import { describe, it } from "node:test";

const nothing = { addEventListener: () => undefined };
globalThis.document = { ...nothing, getElementById: () => nothing };
const { keyOf } = await import("razgovor/ui/shortcuts.js");

describe("a key", () => {
  it("is its letter, in small or in capitals", () => {
    assert.equal(keyOf({ key: "n", code: "KeyN" }), "n");
    assert.equal(keyOf({ key: "N", code: "KeyN" }), "n");
    assert.equal(keyOf({ key: "y", code: "KeyZ" }), "y"); // a German keyboard
  });

  it("is its place where the letters are of another script", () => {
    assert.equal(keyOf({ key: "н", code: "KeyN" }), "n");
    assert.equal(keyOf({ key: "ى", code: "KeyN" }), "n");
  });

  it("is itself where it is no letter", () => {
    assert.equal(keyOf({ key: "?", code: "Slash" }), "?");
    assert.equal(keyOf({ key: "؟", code: "Slash" }), "?");
    assert.equal(keyOf({ key: "Escape", code: "Escape" }), "Escape");
  });
});
