/** Which documents are chosen, and the bar that says what can be done with them. */
import { messagesOf } from "razgovor/ui/messages.js";

export class Selection {
  /** `root` holds the list, which may be replaced, and the form `#bulk`, which stays. */
  constructor(root) {
    this.root = root;
    this.form = root.querySelector("#bulk");
    if (!this.form) return;
    this.messages = messagesOf("document-messages");
    this.everything = this.form.elements.everything;
    root.addEventListener("change", (event) => this.#changed(event.target));
    root.addEventListener("click", (event) => event.target.closest("[data-choose-none]") && this.clear());
    this.show();
  }

  clear() {
    this.everything.checked = false;
    for (const box of this.#boxes()) box.checked = false;
    this.show();
    this.#all()?.focus();
  }

  /** Bring the bar into agreement with the list. */
  show() {
    if (!this.form) return;
    const boxes = this.#boxes();
    if (this.everything.checked) boxes.forEach((box) => (box.checked = true));
    const chosen = boxes.filter((box) => box.checked).length;
    const all = this.#all();
    if (all) {
      all.checked = chosen > 0 && chosen === boxes.length;
      all.indeterminate = chosen > 0 && chosen < boxes.length;
    }
    const found = Number(this.root.querySelector("#listing").dataset.found);
    const pageOnly = found <= boxes.length;
    this.#part("everything").hidden = pageOnly || !(all?.checked || this.everything.checked);
    this.form.toggleAttribute("data-chosen", chosen > 0);
    const count = this.everything.checked ? Math.max(found, chosen) : chosen;
    this.#part("chosen").textContent = count.toLocaleString(document.documentElement.lang);
    this.form.querySelector("[value=delete]").setAttribute("hx-confirm", `${this.messages["delete-many"]} ${count}`);
  }

  #changed(target) {
    if (target.matches("[data-choose-page]")) {
      for (const box of this.#boxes()) box.checked = target.checked;
    }
    if (target.matches("[data-choice], [data-choose-page]") && !target.checked) this.everything.checked = false;
    if (target.matches("[data-choice], [data-choose-page], [name=everything]")) this.show();
  }

  #boxes() {
    return [...this.root.querySelectorAll("[data-choice]")];
  }

  #all() {
    return this.root.querySelector("[data-choose-page]");
  }

  #part(name) {
    return this.form.querySelector(`[data-part=${name}]`);
  }
}
