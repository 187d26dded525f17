import assert from "node:assert/strict";
import { describe, it } from "node:test";

import * as commands from "razgovor/chat/commands.js";
import { uuid4 } from "razgovor/ui/ids.js";

const UUID4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe("uuid4", () => {
  it("is a version 4 UUID whatever the random bytes", () => {
    for (const byte of [0x00, 0x5a, 0xff]) assert.match(uuid4((bytes) => bytes.fill(byte)), UUID4);
  });

  it("differs each time", () => {
    assert.notEqual(uuid4(), uuid4());
  });
});

describe("commands", () => {
  it("leave out what the server should decide", () => {
    const { turn_id: id, ...rest } = commands.ask({ text: "Why?" });
    assert.match(id, UUID4);
    assert.deepEqual(rest, { type: "ask", text: "Why?" });
  });

  it("name the conversation and the chosen collections, even none", () => {
    const command = commands.ask({ text: "Why?", conversationId: "c1", collectionIds: [] });
    assert.equal(command.conversation_id, "c1");
    assert.deepEqual(command.collection_ids, []);
  });

  it("name the pictures that go along, if there are any", () => {
    assert.deepEqual(commands.ask({ text: "Why?", imageIds: ["i2", "i1"] }).image_ids, ["i2", "i1"]);
    assert.ok(!("image_ids" in commands.ask({ text: "Why?", imageIds: [] })));
  });

  it("give a retry an id of its own", () => {
    const command = commands.retry("t1");
    assert.equal(command.retry_of, "t1");
    assert.match(command.turn_id, UUID4);
  });

  it("say where to go on", () => {
    assert.deepEqual(commands.resume("t1", 7), { type: "resume", turn_id: "t1", after: 7 });
    assert.deepEqual(commands.stop("t1"), { type: "stop", turn_id: "t1" });
  });
});
