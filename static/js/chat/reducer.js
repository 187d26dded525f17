/**
 * One turn as the page knows it: `reduce(state, event) -> state`, pure.
 *
 * Events count from 1 without a gap. One that was applied already changes nothing, so that a resumed stream may repeat
 * itself; one that comes too early changes nothing either, and `isGap` says that the server must be asked again.
 *
 * `status` is "running", "completed", "stopped" or "failed". `blocks` is the answer while it grows, `html` is the whole
 * of it once it was checked, and in any case at the end, and replaces them.
 */

const FINAL = new Set(["completed", "stopped", "failed"]);

export function newTurn(id, question = "", pictures = []) {
  return Object.freeze({
    id,
    question,
    pictures,
    status: "running",
    seq: 0,
    stage: "sending",
    conversation: null,
    sources: [],
    omitted: 0,
    shortened: 0,
    cited: [],
    blocks: [],
    html: null,
    checkSummary: "",
    usage: null,
    context: null,
    elapsedMs: null,
    firstWordMs: null,
    model: "",
    refused: false,
    fromPictures: false,
    notice: "",
    canGoOn: false,
    language: "",
    error: null,
  });
}

export const isFinal = (state) => FINAL.has(state.status);

/** Whether an event between the last known one and this one is missing. */
export const isGap = (state, event) => event.seq > state.seq + 1;

export function reduce(state, event) {
  if (event.turn_id !== state.id || event.seq !== state.seq + 1 || isFinal(state)) return state;
  return Object.freeze({ ...state, ...change(state, event), seq: event.seq });
}

function change(state, event) {
  switch (event.type) {
    case "turn.accepted":
      return {
        question: event.question,
        pictures: event.pictures ?? [],
        conversation: {
          id: event.conversation_id,
          title: event.conversation_title,
          url: event.conversation_url,
        },
      };
    case "turn.stage":
      return { stage: event.stage };
    case "turn.sources":
      return { sources: event.sources, omitted: event.omitted ?? 0, shortened: event.shortened ?? 0 };
    case "answer.block":
      return { blocks: withBlock(state.blocks, event.index, event.html) };
    case "answer.citation":
      return { cited: state.cited.includes(event.number) ? state.cited : [...state.cited, event.number] };
    case "answer.checked":
      return { html: event.html, checkSummary: event.summary };
    case "turn.completed":
      return {
        status: "completed",
        html: event.html,
        usage: event.usage,
        context: event.context ?? null,
        elapsedMs: event.elapsed_ms,
        firstWordMs: event.first_word_ms ?? null,
        model: event.model,
        refused: event.refused ?? false,
        fromPictures: event.from_pictures ?? false,
        notice: event.notice ?? "",
        canGoOn: event.can_go_on ?? false,
        language: event.language ?? "",
      };
    case "turn.stopped":
      return {
        status: "stopped",
        html: event.html,
        elapsedMs: event.elapsed_ms,
        canGoOn: event.can_go_on ?? false,
      };
    case "turn.failed":
      return { status: "failed", html: event.html, error: errorOf(event), canGoOn: event.can_go_on ?? false };
    default:
      return {}; // an event of a later version: counted, otherwise ignored
  }
}

/** The turn never reached the server, or was refused by it: the page ends it by itself. */
export function failLocally(state, error) {
  return isFinal(state) ? state : Object.freeze({ ...state, status: "failed", error: errorOf(error) });
}

function errorOf({ code, message, retryable = true }) {
  return { code, message, retryable };
}

function withBlock(blocks, index, html) {
  const next = blocks.slice();
  while (next.length < index) next.push("");
  next[index] = html;
  return next;
}
