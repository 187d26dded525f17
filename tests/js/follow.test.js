import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Follow } from "razgovor/chat/follow.js";

/** Where a page that is opened with this hash has been scrolled to, after its thread was measured for the first time. */
function scrolledTo(hash) {
  let top = null;
  let measured;
  Object.assign(globalThis, {
    location: { hash },
    document: { documentElement: { scrollHeight: 3000, clientHeight: 800 } },
    window: { addEventListener: () => undefined, scrollY: 900, scrollTo: (place) => (top = place.top) },
    matchMedia: () => ({ matches: false }),
    ResizeObserver: class {
      constructor(callback) {
        measured = callback;
      }
      observe() {}
    },
  });
  new Follow({ querySelector: () => null }, { addEventListener: () => undefined });
  measured();
  return top;
}

describe("a thread that is opened", () => {
  it("shows its end", () => assert.equal(scrolledTo(""), 3000));

  it("stays at the turn that the address names", () => assert.equal(scrolledTo("#turn-6f1c1d0e"), null));
});
