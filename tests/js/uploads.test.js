import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { refusal } from "razgovor/documents/checks.js";
import { Queue } from "razgovor/documents/queue.js";

const RULES = { maxBytes: 1000, accepted: ".pdf, .docx" };

describe("refusal", () => {
  it("lets through what the server can read", () => {
    assert.equal(refusal({ name: "a.pdf", size: 1000 }, RULES), null);
    assert.equal(refusal({ name: "ПРАВИЛНИК.PDF", size: 1 }, RULES), null);
  });

  it("names what is wrong with the rest", () => {
    assert.equal(refusal({ name: "a.exe", size: 1 }, RULES), "unknown-type");
    assert.equal(refusal({ name: "pdf", size: 1 }, RULES), "unknown-type");
    assert.equal(refusal({ name: "a.pdf", size: 0 }, RULES), "empty");
    assert.equal(refusal({ name: "a.pdf", size: 1001 }, RULES), "too-large");
  });
});

describe("Queue", () => {
  /** Tasks that end when told to, and a record of how many ran at once. */
  function workload(count) {
    const load = { running: 0, most: 0, started: [], finish: [] };
    load.tasks = Array.from({ length: count }, (_, index) => () => {
      load.started.push(index);
      load.running += 1;
      load.most = Math.max(load.most, load.running);
      return new Promise((resolve, reject) => {
        load.finish[index] = (error) => {
          load.running -= 1;
          if (error) reject(error);
          else resolve();
        };
      });
    });
    return load;
  }

  const settled = () => new Promise((resolve) => setImmediate(resolve));

  it("runs three at a time, in order", async () => {
    const load = workload(5);
    const queue = new Queue(3);
    load.tasks.forEach((task) => queue.add(task));
    assert.deepEqual(load.started, [0, 1, 2]);
    load.finish[1]();
    await settled();
    assert.deepEqual(load.started, [0, 1, 2, 3]);
    load.finish[0]();
    load.finish[2]();
    await settled();
    assert.deepEqual(load.started, [0, 1, 2, 3, 4]);
    assert.equal(load.most, 3);
  });

  it("forgets a task that was cancelled while it waited", async () => {
    const load = workload(3);
    const queue = new Queue(1);
    load.tasks.forEach((task) => queue.add(task));
    queue.remove(load.tasks[1]);
    load.finish[0]();
    await settled();
    assert.deepEqual(load.started, [0, 2]);
  });
});
