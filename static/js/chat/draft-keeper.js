/** Keeps the composer's question on this device until the server has it: it survives a reload, a walk to another
 * conversation, and a crash. */
import { Drafts } from "razgovor/ui/drafts.js";

const NEW = "new";

export class DraftKeeper {
  #drafts;
  #field;
  #scope;
  #place;

  /** `scope` has `chosen`, and says "change"; `asked` is the question that was asked last in this conversation. */
  constructor({ field, scope, owner, conversationId, asked }) {
    this.#drafts = new Drafts(owner);
    this.#field = field;
    this.#scope = scope;
    this.#place = conversationId || NEW;
    this.#restore(asked);
    field.addEventListener("input", () => this.#keep());
    scope.addEventListener("change", () => this.#keep());
  }

  /** The server has a question of this conversation. What is typed since is a draft of the next one. */
  accepted(conversationId) {
    this.#drafts.remove(this.#place);
    this.#place = conversationId;
    this.#keep();
  }

  #restore(asked) {
    const draft = this.#drafts.get(this.#place);
    if (!draft || this.#field.value) return;
    if (draft.text.trim() === asked) return this.#drafts.remove(this.#place); // it arrived, but the page has not heard
    this.#scope.choose(draft.scope);
    this.#field.value = draft.text;
    this.#field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  #keep() {
    this.#drafts.set(this.#place, { text: this.#field.value, scope: this.#scope.chosen });
  }
}
