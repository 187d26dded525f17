import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { chosen, dropped, readable } from "razgovor/documents/folders.js";
import { throttle } from "razgovor/documents/throttle.js";

const file = (name, webkitRelativePath = "") => ({ name, webkitRelativePath });

/** What a browser hands out for a folder: at most two entries at a time. */
function directory(name, entries) {
  return {
    name,
    isDirectory: true,
    createReader() {
      const left = [...entries];
      return { readEntries: (resolve) => resolve(left.splice(0, 2)) };
    },
  };
}

const entryOf = (name) => ({ name, isDirectory: false, file: (resolve) => resolve(file(name)) });
const item = (entry) => ({ kind: "file", webkitGetAsEntry: () => entry });

describe("a folder", () => {
  it("gives each file the folder that it lies in", () => {
    const files = [file("a.pdf", "rules/a.pdf"), file("b.pdf", "rules/2024/b.pdf"), file("c.pdf", "c.pdf")];
    assert.deepEqual(
      chosen(files).map(({ folder }) => folder),
      ["rules", "rules/2024", ""],
    );
  });

  it("is walked to its end when it is dropped", async () => {
    const inner = directory("2024", [entryOf("d.pdf")]);
    const root = directory("rules", [entryOf("a.pdf"), entryOf("b.pdf"), entryOf("c.pdf"), inner]);
    const found = await dropped({ items: [item(root), item(entryOf("alone.pdf"))], files: [] });
    assert.deepEqual(
      found.inFolders.map(({ file, folder }) => `${folder}/${file.name}`),
      ["rules/a.pdf", "rules/b.pdf", "rules/c.pdf", "rules/2024/d.pdf"],
    );
    assert.deepEqual(found.files.map(({ name }) => name), ["alone.pdf"]);
  });

  it("is left alone where only files are dropped", async () => {
    const files = [file("a.pdf")];
    assert.deepEqual(await dropped({ items: [item(entryOf("a.pdf"))], files }), { files, inFolders: [] });
  });

  it("loses what is hidden or cannot be read, and says how much", () => {
    const names = ["a.pdf", ".hidden.pdf", "Thumbs.db", "B.PDF"].map((name) => ({ file: file(name), folder: "rules" }));
    const inHidden = { file: file("c.pdf"), folder: "rules/.git" };
    const { taken, skipped } = readable([...names, inHidden], ".pdf,.docx");
    assert.deepEqual(taken.map(({ file }) => file.name), ["a.pdf", "B.PDF"]);
    assert.equal(skipped, 3);
  });
});

describe("throttle", () => {
  /** A clock that is turned by hand. */
  function clock() {
    const made = { time: 0, planned: [] };
    made.now = () => made.time;
    made.wait = (action, ms) => made.planned.push({ action, at: made.time + ms });
    made.turnTo = (time) => {
      made.time = time;
      for (const each of made.planned.filter(({ at }) => at <= time)) {
        made.planned.splice(made.planned.indexOf(each), 1);
        each.action();
      }
    };
    return made;
  }

  it("acts at once, then not before its time, and never forgets the last call", () => {
    const time = clock();
    const acted = [];
    const act = throttle(() => acted.push(time.time), 2000, time);
    act();
    time.turnTo(0);
    act();
    act();
    time.turnTo(500);
    act();
    time.turnTo(1999);
    assert.deepEqual(acted, [0]);
    time.turnTo(2000);
    assert.deepEqual(acted, [0, 2000]);
    time.turnTo(9000);
    act();
    time.turnTo(9000);
    assert.deepEqual(acted, [0, 2000, 9000]);
  });
});
