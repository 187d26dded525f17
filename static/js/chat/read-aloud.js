/**
 * Reads an answer aloud, with voices of this machine only: what others offer sends the text to their maker. Where there
 * is no such voice for the language of the answer, there is no button.
 */

const BLOCKS = "p, li, h1, h2, h3, h4, td, th";

let voices = [];
let speaking = null;

/** A local voice of the language (`sr-Latn`), or null. */
export function voiceFor(language, offered) {
  const wanted = base(language);
  return offered.find((voice) => voice.localService && base(voice.lang) === wanted) ?? null;
}

const base = (language) => language.toLowerCase().split(/[-_]/u)[0];

/** Looks after the buttons of the turns in `thread`. */
export function readAloud(thread) {
  if (!("speechSynthesis" in globalThis)) return;
  const settle = () => thread.querySelectorAll("[data-action=read]").forEach(offer);
  const listen = () => {
    voices = speechSynthesis.getVoices();
    settle();
  };
  listen();
  speechSynthesis.addEventListener("voiceschanged", listen);
  new MutationObserver(settle).observe(thread, { childList: true, subtree: true, attributeFilter: ["data-status", "lang"] });
  thread.addEventListener("click", (event) => toggle(event.target.closest("[data-action=read]")));
  addEventListener("pagehide", stop);
}

const answerOf = (button) => button.closest(".turn").querySelector("[data-part=answer]");

function offer(button) {
  button.hidden = !voiceFor(answerOf(button).lang, voices);
}

function toggle(button) {
  if (!button) return;
  const again = button === speaking;
  stop();
  if (again) return;
  speaking = button;
  button.setAttribute("aria-pressed", "true");
  const answer = answerOf(button);
  const pieces = piecesOf(answer).map((text) => utterance(text, answer.lang));
  if (!pieces.length) return stop();
  pieces.at(-1).addEventListener("end", () => speaking === button && stop());
  for (const piece of pieces) speechSynthesis.speak(piece);
}

/** A paragraph each: engines lose their way in long texts. Numbers of sources and notes about the check are not read. */
function piecesOf(answer) {
  const copy = answer.cloneNode(true);
  for (const other of copy.querySelectorAll("a.cite, .unsupported-why, pre")) other.remove();
  return [...copy.querySelectorAll(BLOCKS)].map(ownText).filter(Boolean);
}

/** Without the blocks inside of it, such as the paragraphs of a list's item, which come by themselves. */
function ownText(block) {
  const copy = block.cloneNode(true);
  for (const inner of copy.querySelectorAll(BLOCKS)) inner.remove();
  return copy.textContent.trim();
}

function utterance(text, language) {
  const said = new SpeechSynthesisUtterance(text);
  said.voice = voiceFor(language, voices);
  said.lang = said.voice?.lang ?? language;
  return said;
}

function stop() {
  speaking?.setAttribute("aria-pressed", "false");
  speaking = null;
  speechSynthesis.cancel();
}
