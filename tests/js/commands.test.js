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

  it("say in which words and by which model a question is asked again, where that was chosen", () => {
    const { turn_id: id, ...plain } = commands.retry("t1");
    assert.match(id, UUID4);
    assert.deepEqual(plain, { type: "retry", retry_of: "t1" });
    const { text, provider_id: provider } = commands.retry("t1", { text: "Why?", providerId: "p1" });
    assert.deepEqual([text, provider], ["Why?", "p1"]);
  });

  it("tell a first question from one that goes on", () => {
    assert.equal(commands.ask({ text: "Why?", parentId: null }).parent_id, null);
    assert.equal(commands.ask({ text: "Why?", parentId: "t1" }).parent_id, "t1");
    assert.equal("parent_id" in commands.ask({ text: "Why?" }), false);
  });

  it("ask several models, each in a turn of its own", () => {
    const command = commands.ask({ text: "Why?", providerIds: ["p1", "p2", "p3"], blind: true });
    assert.equal(command.provider_id, "p1");
    assert.deepEqual(command.compare.map((each) => each.provider_id), ["p2", "p3"]);
    assert.equal(command.blind, true);
    const turns = commands.turnsOf(command);
    assert.deepEqual([turns.length, new Set(turns).size, turns[0]], [3, 3, command.turn_id]);
    assert.deepEqual(commands.turnsOf(commands.ask({ text: "Why?" })).length, 1);
  });

  it("ask what was refused once more, at the same place", () => {
    const refused = commands.ask({ text: "Why?", conversationId: "c1", parentId: "t1" });
    const again = commands.again(refused, "Why not?");
    assert.notEqual(again.turn_id, refused.turn_id);
    assert.deepEqual({ ...again, turn_id: 0 }, { ...refused, turn_id: 0, text: "Why not?" });
  });

  it("say where to go on", () => {
    assert.deepEqual(commands.resume("t1", 7), { type: "resume", turn_id: "t1", after: 7 });
    assert.deepEqual(commands.stop("t1"), { type: "stop", turn_id: "t1" });
  });
});
