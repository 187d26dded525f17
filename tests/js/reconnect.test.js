import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { afterClose, delay } from "razgovor/ui/reconnect.js";

describe("delay", () => {
  it("doubles from a quarter of a second and never exceeds half a minute", () => {
    assert.deepEqual([0, 1, 2, 3].map((attempt) => delay(attempt, 0)), [250, 500, 1000, 2000]);
    assert.equal(delay(50, 1), 30_000);
  });

  it("spreads the callers over half of the pause", () => {
    assert.equal(delay(3, 0), 2000);
    assert.equal(delay(3, 0.5), 3000);
    assert.equal(delay(3, 1), 4000);
  });
});

describe("afterClose", () => {
  it("does not call again when the reader is signed out or no member", () => {
    assert.deepEqual([4401, 4404].map((code) => afterClose(code).again), ["never", "never"]);
  });

  it("waits for somebody to look after an idle close, and says nothing", () => {
    assert.deepEqual(afterClose(4408), { again: "visible", message: "", wait: 0 });
  });

  it("keeps away for a while when it was too much", () => {
    assert.equal(afterClose(4429).again, "soon");
    assert.ok(afterClose(4429).wait >= 10_000);
  });

  it("calls again soon after a fault, a restart and a lost line", () => {
    for (const code of [4500, 1001, 1006, 1011, 1012]) {
      assert.equal(afterClose(code).again, "soon");
      assert.equal(afterClose(code).wait, 0);
    }
  });
});
