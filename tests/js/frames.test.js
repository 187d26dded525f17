import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { moments, nameOf } from "razgovor/chat/frames.js";

describe("frames of a video", () => {
  it("are taken evenly, none at its very beginning or end", () => {
    assert.deepEqual(moments(12, 3), [2, 6, 10]);
  });

  it("are fewer than there is room for where it is short", () => {
    assert.deepEqual(moments(2.5, 6), [0.625, 1.875]);
    assert.equal(moments(0.4, 6).length, 1);
  });

  it("are one where nobody knows how long it is", () => {
    assert.deepEqual(moments(Infinity, 6), [0]);
    assert.deepEqual(moments(NaN, 6), [0]);
  });

  it("are named by their moment", () => {
    assert.equal(nameOf("pump.noise.mp4", 75.4), "pump.noise 1.15.jpg");
  });
});
