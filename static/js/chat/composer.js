/** The question's form: Enter asks, Shift+Enter breaks the line, and while an answer is written there is a stop button. */

export class Composer extends EventTarget {
  #form;
  #text;
  #messages;
  #collectionsTouched = false;

  /** Events: "ask" (`detail` is `{text, collectionIds}`), "stop". */
  constructor(form, messages) {
    super();
    this.#form = form;
    this.#text = form.querySelector("textarea"); // the suggestions are called "text" too
    this.#messages = messages;
    form.addEventListener("submit", (event) => this.#submit(event));
    form.addEventListener("keydown", (event) => this.#key(event));
    form.addEventListener("change", (event) => event.target.name === "collection_ids" && this.#chose());
    this.#part("stop").addEventListener("click", () => this.dispatchEvent(new Event("stop")));
    if (!CSS.supports("field-sizing", "content")) this.#text.addEventListener("input", () => this.#grow());
  }

  set running(running) {
    this.#part("send").hidden = running;
    this.#part("stop").hidden = !running;
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

  /** Which collections to search, or null for whatever the organisation's settings say. */
  get collectionIds() {
    if (!this.#collectionsTouched) return null;
    return [...this.#form.querySelectorAll("[name=collection_ids]:checked")].map((box) => box.value);
  }

  /** Give a question back that could not be asked, unless another is being typed. */
  giveBack(text) {
    if (!this.#text.value) this.#text.value = text;
  }

  focus() {
    this.#text.focus({ preventScroll: true });
  }

  #part(name) {
    return this.#form.querySelector(`[data-part=${name}]`);
  }

  #submit(event) {
    event.preventDefault();
    const suggested = event.submitter?.name === "text" ? event.submitter.value : null;
    const text = (suggested ?? this.#text.value).trim();
    if (!text || this.running) return;
    this.#text.value = "";
    if (!CSS.supports("field-sizing", "content")) this.#grow();
    this.dispatchEvent(new CustomEvent("ask", { detail: { text, collectionIds: this.collectionIds } }));
  }

  #key(event) {
    // While an input method composes a word, Enter chooses the word.
    if (event.target !== this.#text || event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#form.requestSubmit();
  }

  #chose() {
    this.#collectionsTouched = true;
    const names = [...this.#form.querySelectorAll("[name=collection_ids]:checked")].map((box) =>
      box.closest("label").textContent.trim(),
    );
    const label = this.#part("collections-label");
    label.textContent = names.length === 1 ? names[0] : `${this.#messages["some-collections"]}: ${names.length}`;
  }

  #grow() {
    const lines = this.#text.value.split("\n").length + Math.floor(this.#text.value.length / 70);
    this.#text.rows = Math.min(Math.max(lines, 1), 8);
  }
}
