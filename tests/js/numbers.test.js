import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { bytes, seconds } from "razgovor/ui/numbers.js";

const plain = (text) => text.replaceAll("\u00a0", " ").replaceAll("\u202f", " ");

describe("seconds", () => {
  it("has one digit below ten seconds and none above", () => {
    assert.equal(plain(seconds(840, "en")), "0.8 sec");
    assert.equal(plain(seconds(9_949, "en")), "9.9 sec");
    assert.equal(plain(seconds(61_400, "en")), "61 sec");
  });

  it("is written as the reader's language does", () => {
    assert.match(plain(seconds(840, "de")), /^0,8 /);
    assert.match(plain(seconds(840, "sr")), /^0,8 /);
  });
});

describe("bytes", () => {
  it("goes up in steps of 1024", () => {
    assert.equal(plain(bytes(0, "en")), "0 byte");
    assert.equal(plain(bytes(1023, "en")), "1,023 byte");
    assert.equal(plain(bytes(1536, "en")), "1.5 kB");
    assert.equal(plain(bytes(100 * 1024 ** 2, "en")), "100 MB");
    assert.equal(plain(bytes(3 * 1024 ** 4, "en")), "3 TB");
  });
});
