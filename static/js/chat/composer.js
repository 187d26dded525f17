/** The question's form: Enter asks, Shift+Enter breaks the line, and while an answer is written there is a stop button. */
import { helpToCompose } from "razgovor/chat/composing.js";
import { dictate } from "razgovor/chat/dictation.js";
import { Scope } from "razgovor/chat/scope.js";

/** Whether what a form is sent with is an example or a further question, beside whatever is being typed. */
export const isSuggestion = (submitter) => submitter?.name === "text";

export class Composer extends EventTarget {
  #form;
  #text;
  #thread;

  /** Events: "ask" (`detail` is `{text, scope, own}`; `own` is false of a suggestion that was clicked), "stop". */
  constructor(form, thread, messages) {
    super();
    this.#form = form;
    this.#thread = thread;
    this.#text = form.querySelector("textarea"); // the suggestions are called "text" too
    this.scope = new Scope(this.#part("chosen"), this.#part("chip-template"));
    helpToCompose(form, this.#text, this.scope, messages);
    dictate(this.#part("dictate"), this.#text, messages);
    form.addEventListener("submit", (event) => this.#submit(event));
    form.addEventListener("keydown", (event) => this.#key(event));
    this.#part("stop").addEventListener("click", () => this.dispatchEvent(new Event("stop")));
    if (!CSS.supports("field-sizing", "content")) this.#text.addEventListener("input", () => this.#grow());
  }

  set running(running) {
    this.keepKeyboard(this.#part(running ? "send" : "stop"));
    this.#part("send").hidden = running;
    this.#part("stop").hidden = !running;
  }

  /**
   * Before these go away: where the keyboard is in one of them, what is typed next shall be the next question, and not
   * the single keys of the page. Where there is only a screen to type on, that would come up and cover the answer.
   */
  keepKeyboard(...leaving) {
    if (!leaving.some((each) => each?.contains(document.activeElement))) return;
    if (!matchMedia("(any-pointer: coarse) and (not (any-pointer: fine))").matches) return this.focus();
    this.#thread.tabIndex = -1;
    this.#thread.focus({ preventScroll: true });
  }

  get running() {
    return this.#part("send").hidden;
  }

  set conversationId(id) {
    this.#form.elements.conversation_id.value = id;
  }

  get conversationId() {
    return this.#form.elements.conversation_id.value;
  }

  /** The field that the question is typed in. */
  get field() {
    return this.#text;
  }

  /** Give a question back that could not be asked, unless another is being typed. */
  giveBack(text) {
    if (this.#text.value) return;
    this.#text.value = text;
    this.#text.dispatchEvent(new Event("input", { bubbles: true }));
  }

  focus() {
    this.#text.focus({ preventScroll: true });
  }

  #part(name) {
    return this.#form.querySelector(`[data-part=${name}]`);
  }

  #submit(event) {
    event.preventDefault();
    const own = !isSuggestion(event.submitter);
    const text = (own ? this.#text : event.submitter).value.trim();
    if (!text || this.running) return;
    if (own) this.#text.value = ""; // else it is another question, which stays
    if (!CSS.supports("field-sizing", "content")) this.#grow();
    this.dispatchEvent(new CustomEvent("ask", { detail: { text, scope: this.scope.chosen, own } }));
  }

  #key(event) {
    // While an input method composes a word, Enter chooses the word.
    if (event.target !== this.#text || event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#form.requestSubmit();
  }

  #grow() {
    const lines = this.#text.value.split("\n").length + Math.floor(this.#text.value.length / 70);
    this.#text.rows = Math.min(Math.max(lines, 1), 8);
  }
}
