import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { placeholderAfter, placeholderBefore } from "razgovor/chat/placeholders.js";
import { voiceFor } from "razgovor/chat/read-aloud.js";
import { idsOf } from "razgovor/chat/scope.js";
import { Drafts, forgetDrafts, LONGEST_MS, MOST } from "razgovor/ui/drafts.js";

globalThis.document = { getElementById: () => null };
const { promptAsked, targetAsked } = await import("razgovor/chat/composing.js");

/** What `localStorage` does, for as long as a test. */
class Storage {
  #kept = new Map();
  get length() {
    return this.#kept.size;
  }
  key = (place) => [...this.#kept.keys()][place];
  getItem = (key) => this.#kept.get(key) ?? null;
  setItem = (key, value) => void this.#kept.set(key, value);
  removeItem = (key) => void this.#kept.delete(key);
}

describe("a draft", () => {
  it("is of one owner and one place, and ends when its text does", () => {
    const storage = new Storage();
    const drafts = new Drafts("acme:1", storage);
    drafts.set("new", { text: "Why", scope: [{ kind: "document", id: "d", name: "a.pdf" }] });
    assert.deepEqual(drafts.get("new"), { text: "Why", scope: [{ kind: "document", id: "d", name: "a.pdf" }] });
    assert.equal(drafts.get("c1"), null);
    for (const other of ["acme:2", "globex:1"]) assert.equal(new Drafts(other, storage).get("new"), null);
    drafts.set("new", { text: " \n", scope: [] });
    assert.equal(storage.length, 0);
  });

  it("is not kept for ever, nor are very many", () => {
    const storage = new Storage();
    let now = 0;
    const drafts = new Drafts("acme:1", storage, () => now);
    drafts.set("old", { text: "Why" });
    now += 1;
    for (let place = 0; place < MOST; place++, now++) drafts.set(`c${place}`, { text: "Why" });
    assert.equal(storage.length, MOST);
    assert.equal(drafts.get("old"), null);
    assert.notEqual(drafts.get("c0"), null);
    now += LONGEST_MS;
    assert.equal(drafts.get("c0"), null);
  });

  it("goes with whoever signs out, and nothing else does", () => {
    const storage = new Storage();
    storage.setItem("theme", "dark");
    new Drafts("acme:1", storage).set("new", { text: "Why" });
    forgetDrafts(storage);
    assert.equal(storage.length, 1);
  });

  it("is no trouble where storage is forbidden, full or strange", () => {
    const storage = new Storage();
    storage.setItem("draft:acme:1:new", "{");
    assert.equal(new Drafts("acme:1", storage).get("new"), null);
    storage.setItem = () => {
      throw new Error("full");
    };
    new Drafts("acme:1", storage).set("c1", { text: "Why" });
    const none = new Drafts("acme:1", null);
    none.set("c1", { text: "Why" });
    assert.equal(none.get("c1"), null);
  });
});

describe("what is typed", () => {
  it("asks for a prompt at the beginning only", () => {
    assert.deepEqual(promptAsked("/"), { query: "", start: 0 });
    assert.deepEqual(promptAsked("/писмо-2"), { query: "писмо-2", start: 0 });
    for (const text of ["and/or", " /x", "/etc/hosts", "/two words"]) assert.equal(promptAsked(text), null, text);
  });

  it("asks for something to search in after a space", () => {
    assert.deepEqual(targetAsked("@"), { query: "", start: 0 });
    assert.deepEqual(targetAsked("What does @price li"), { query: "price li", start: 10 });
    assert.deepEqual(targetAsked("ما @عق"), { query: "عق", start: 3 });
    for (const text of ["a@b.org", "@ x", "@a\nb", "@a@b"]) assert.equal(targetAsked(text), null, text);
  });
});

describe("a placeholder", () => {
  const text = "Compare {{one}} with {{друго}}, not {this} or {{}}.";

  it("is found forwards and backwards", () => {
    assert.deepEqual(placeholderAfter(text, 0), [8, 15]);
    assert.deepEqual(placeholderAfter(text, 15), [21, 30]);
    assert.equal(placeholderAfter(text, 30), null);
    assert.deepEqual(placeholderBefore(text, 21), [8, 15]);
    assert.equal(placeholderBefore(text, 8), null);
  });
});

describe("a scope", () => {
  it("says nothing where nothing was chosen", () => {
    assert.deepEqual(idsOf([]), { collectionIds: null, documentIds: null });
    const targets = [
      { kind: "document", id: "d" },
      { kind: "collection", id: "c" },
    ];
    assert.deepEqual(idsOf(targets), { collectionIds: ["c"], documentIds: ["d"] });
  });
});

describe("a voice", () => {
  const voices = [
    { lang: "en-GB", localService: false, name: "far" },
    { lang: "en_US", localService: true, name: "near" },
    { lang: "sr-RS", localService: false, name: "far" },
  ];

  it("is one of this machine, of the language of the answer", () => {
    assert.equal(voiceFor("en", voices).name, "near");
    for (const language of ["sr-Latn", "de", ""]) assert.equal(voiceFor(language, voices), null);
  });
});
