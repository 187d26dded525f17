/** What the page may say to the server. Version 1; ids of turns are made here, so that saying it twice does it once. */
import { uuid4 } from "razgovor/ui/ids.js";

export function ask({ text, conversationId = null, collectionIds = null, imageIds = [] }) {
  const command = { type: "ask", turn_id: uuid4(), text };
  if (conversationId) command.conversation_id = conversationId;
  if (collectionIds) command.collection_ids = collectionIds;
  if (imageIds.length) command.image_ids = imageIds;
  return command;
}

export const stop = (turnId) => ({ type: "stop", turn_id: turnId });
export const retry = (turnId) => ({ type: "retry", turn_id: uuid4(), retry_of: turnId });
export const resume = (turnId, after) => ({ type: "resume", turn_id: turnId, after });
