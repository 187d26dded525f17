/** What the page may say to the server. Version 1; ids of turns are made here, so that saying it twice does it once. */
import { uuid4 } from "razgovor/ui/ids.js";

/**
 * `parentId` is the turn that the question follows, null for a first one; without it the shown branch goes on. Each of
 * `providerIds` answers in a turn of its own, and `blind` says that their names are hidden until the vote.
 */
export function ask({ text, conversationId, parentId, collectionIds, documentIds, imageIds = [], providerIds = [], blind }) {
  const command = { type: "ask", turn_id: uuid4(), text };
  if (conversationId) command.conversation_id = conversationId;
  if (collectionIds) command.collection_ids = collectionIds;
  if (documentIds) command.document_ids = documentIds;
  if (parentId !== undefined) command.parent_id = parentId;
  if (imageIds.length) command.image_ids = imageIds;
  const [first, ...others] = providerIds;
  if (first) command.provider_id = first;
  if (others.length) command.compare = others.map((id) => ({ turn_id: uuid4(), provider_id: id }));
  if (others.length && blind) command.blind = true;
  return command;
}

/** The turns that a command asks for. */
export const turnsOf = (command) => [command.turn_id, ...(command.compare ?? []).map((each) => each.turn_id)];

/** Ask again: in other words where there is a `text`, and by one model where there is a `providerId`. */
export function retry(turnId, { text = null, providerId = null } = {}) {
  const command = { type: "retry", turn_id: uuid4(), retry_of: turnId };
  if (text) command.text = text;
  if (providerId) command.provider_id = providerId;
  return command;
}

/** Write the rest of an answer that was cut or stopped. */
export const goOn = (turnId) => ({ type: "continue", turn_id: uuid4(), continue_of: turnId });

/** The same question, or another, at the place where `refused` was to be asked. */
export function again(refused, text, imageIds = []) {
  const command = { ...refused, turn_id: uuid4(), text };
  delete command.image_ids;
  if (imageIds.length) command.image_ids = imageIds;
  return command;
}

export const stop = (turnId) => ({ type: "stop", turn_id: turnId });
export const resume = (turnId, after) => ({ type: "resume", turn_id: turnId, after });
