import assert from "node:assert/strict";
import { beforeEach, describe, it, mock } from "node:test";

const nothing = { addEventListener: () => undefined };
Object.assign(globalThis, { window: nothing, document: { ...nothing, hidden: false }, location: new URL("http://a.test/") });

/** Every connection that was tried. */
let tried = [];
globalThis.WebSocket = class extends EventTarget {
  static OPEN = 1;
  readyState = 0;
  constructor() {
    super();
    tried.push(this);
  }
  open() {
    this.readyState = 1;
    this.dispatchEvent(new Event("open"));
  }
  break() {
    this.readyState = 3;
    this.dispatchEvent(Object.assign(new Event("close"), { code: 1011 }));
  }
};
mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
const { Socket } = await import("razgovor/ui/socket.js");

describe("a line that breaks", () => {
  let last = () => tried.at(-1);
  beforeEach(() => {
    tried = [];
    new Socket("/ws/").connect();
  });

  /** It breaks as soon as something is said on it, for so many seconds. Returns how often that was. */
  function breaking(seconds) {
    const before = tried.length;
    for (let ms = 0; ms < seconds * 1000; ms += 50) {
      if (last().readyState === 0) {
        last().open();
        last().break();
      }
      mock.timers.tick(50);
    }
    return tried.length - before;
  }

  it("is tried less and less often where it breaks at once each time", () => {
    assert.ok(breaking(30) < 10);
    assert.ok(breaking(60) < 5);
  });

  it("is tried at once again where it has held for a while", () => {
    breaking(60);
    mock.timers.tick(30_000);
    last().open();
    mock.timers.tick(6000);
    const before = tried.length;
    last().break();
    mock.timers.tick(500);
    assert.equal(tried.length, before + 1);
  });
});
