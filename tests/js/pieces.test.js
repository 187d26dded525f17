import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { FIRST_PIECE, LEAST_PIECE, Memory, metadata, pieceSize, verdict } from "razgovor/documents/pieces.js";

const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;

describe("pieceSize", () => {
  it("is four seconds' worth", () => {
    assert.equal(pieceSize(FIRST_PIECE, 2000), 2 * FIRST_PIECE);
    assert.equal(pieceSize(FIRST_PIECE, 16_000), FIRST_PIECE / 4);
  });

  it("does not trust one quick piece too far", () => assert.equal(pieceSize(MIB, 1), 4 * MIB));

  it("stays within what is worth a request, and what a server takes at once", () => {
    assert.equal(pieceSize(LEAST_PIECE, 600_000), LEAST_PIECE);
    assert.equal(pieceSize(8 * MIB, 10), 8 * MIB);
    assert.equal(pieceSize(8 * MIB, 10, 512 * 1024), 512 * 1024);
    assert.equal(pieceSize(MIB, 0), 4 * MIB);
  });
});

describe("metadata", () => {
  it("is Base64 of UTF-8, and leaves out what is empty", () => {
    assert.equal(metadata({ filename: "a.txt", collection: "", folder: undefined }), "filename YS50eHQ=");
    const [name, folder] = metadata({ filename: "правилник.md", folder: "а/б" }).split(",");
    const decoded = (pair) => Buffer.from(pair.split(" ")[1], "base64").toString("utf8");
    assert.deepEqual([decoded(name), decoded(folder)], ["правилник.md", "а/б"]);
  });
});

describe("verdict", () => {
  const cases = [
    ["PATCH", 204, false, "on"],
    ["POST", 201, false, "on"],
    ["PATCH", 0, false, "later"],
    ["PATCH", 409, true, "later"],
    ["PATCH", 423, true, "later"],
    ["PATCH", 503, false, "later"],
    ["HEAD", 404, false, "anew"],
    ["PATCH", 404, true, "anew"],
    ["POST", 404, true, "refused"],
    ["POST", 404, false, "server"],
    ["POST", 413, true, "refused"],
    ["PATCH", 413, false, "smaller"],
    ["PATCH", 400, true, "refused"],
    ["POST", 429, true, "refused"],
    ["PATCH", 403, true, "refused"],
    ["PATCH", 403, false, "signed-out"],
    ["PATCH", 500, false, "server"],
  ];
  for (const [method, status, said, expected] of cases) {
    const sentence = said ? "with" : "without";
    it(`${method} ${status} ${sentence} a sentence: ${expected}`, () => {
      assert.equal(verdict(method, status, said), expected);
    });
  }
});

describe("Memory", () => {
  const FILE = { name: "a.pdf", size: 10, lastModified: 7 };

  /** What a browser's localStorage does, as far as it is used. */
  function storage() {
    const map = new Map();
    return {
      map,
      get length() {
        return map.size;
      },
      key: (index) => [...map.keys()][index],
      getItem: (key) => map.get(key) ?? null,
      setItem: (key, value) => map.set(key, value),
      removeItem: (key) => map.delete(key),
    };
  }

  it("knows a file again after a reload", () => {
    const kept = storage();
    new Memory(kept, "acme/1").keep(FILE, {}, "/u/1");
    assert.equal(new Memory(kept, "acme/1").recall({ ...FILE }, {}), "/u/1");
  });

  it("takes no other file, place, organisation or person for it", () => {
    const kept = storage();
    const memory = new Memory(kept, "acme/1");
    memory.keep(FILE, { collection: "c", folder: "f" }, "/u/1");
    for (const other of [{ name: "b.pdf" }, { size: 11 }, { lastModified: 8 }]) {
      assert.equal(memory.recall({ ...FILE, ...other }, { collection: "c", folder: "f" }), null);
    }
    assert.equal(memory.recall(FILE, { collection: "c" }), null);
    assert.equal(memory.recall(FILE, { collection: "d", folder: "f" }), null);
    for (const owner of ["acme/2", "other/1"]) {
      assert.equal(new Memory(kept, owner).recall(FILE, { collection: "c", folder: "f" }), null);
    }
  });

  it("forgets when told, and what the server has forgotten", () => {
    const kept = storage();
    let now = 0;
    const memory = new Memory(kept, "acme/1", () => now);
    memory.keep(FILE, {}, "/u/1");
    memory.keep({ ...FILE, name: "b.pdf" }, {}, "/u/2");
    memory.forget(FILE, {});
    assert.equal(memory.recall(FILE, {}), null);
    now = 25 * HOUR_MS;
    assert.equal(memory.recall({ ...FILE, name: "b.pdf" }, {}), null);
    kept.setItem("theme", "dark");
    new Memory(kept, "other/9", () => now);
    assert.deepEqual([...kept.map.keys()], ["theme"]);
  });

  it("does without a store, as long as the page is open", () => {
    const memory = new Memory(() => {
      throw new Error("SecurityError");
    }, "acme/1");
    memory.keep(FILE, {}, "/u/1");
    assert.equal(memory.recall(FILE, {}), "/u/1");
    memory.forget(FILE, {});
    assert.equal(memory.recall(FILE, {}), null);
  });

  it("is not misled by what others have written", () => {
    const kept = storage();
    kept.setItem("razgovor:upload:acme/1:x", "{not json");
    const memory = new Memory(kept, "acme/1");
    assert.equal(kept.length, 0);
    assert.equal(memory.recall(FILE, {}), null);
  });
});
