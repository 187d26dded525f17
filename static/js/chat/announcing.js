/**
 * What a screen reader is told while an answer is made: each stage, each block once it is finished, the end, and what
 * the page says about it.
 */
import { isFinal } from "razgovor/chat/reducer.js";

const KEPT = 20;

/** The lines to say after a turn went from `before` to `state`; `stageText` are the words of its stage. */
export function newsOf(before, state, stageText, messages, textOf = plainText) {
  const lines = state.blocks.slice(finished(before), finished(state)).map(textOf);
  if (isFinal(state)) {
    lines.push(messages[state.refused ? "refused" : state.status]);
    lines.push(...[state.error?.message, state.notice, state.checkSummary].filter(Boolean));
  } else if (state.stage !== before.stage) lines.push(stageText);
  return lines;
}

/** A block is finished when another has begun, or the answer is whole. */
function finished({ blocks, html, status }) {
  return html !== null || isFinal({ status }) ? blocks.length : Math.max(0, blocks.length - 1);
}

function plainText(html) {
  return new DOMParser().parseFromString(html, "text/html").body.textContent.trim();
}

/** Adds to a region of role "log", whose older lines nobody waits for. */
export function announce(log, lines) {
  for (const line of lines.filter(Boolean)) {
    const said = document.createElement("p");
    said.textContent = line;
    log.append(said);
  }
  while (log.childElementCount > KEPT) log.firstElementChild.remove();
}
