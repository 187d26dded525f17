/** A document beside the list. Its content comes from the server; the browser's own dialog keeps the keyboard in it. */
export class Drawer {
  constructor(dialog) {
    this.dialog = dialog;
    this.body = dialog.querySelector("#drawer-body");
    this.toasts = document.getElementById("toasts");
    document.body.addEventListener("htmx:afterSwap", ({ detail }) => {
      if (detail.target === this.body) this.#filled(detail.requestConfig.elt);
    });
    document.body.addEventListener("htmx:beforeRequest", ({ detail }) => {
      const link = detail.elt.closest("[data-drawer]");
      if (link) this.opener = link.closest("tr").id;
    });
    dialog.addEventListener("close", () => this.#closed());
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close()); // beside it
  }

  /** `cause` is what was clicked: a tab keeps the keyboard, otherwise the reader begins at the top. */
  #filled(cause) {
    if (!this.dialog.open) {
      this.dialog.showModal();
      this.dialog.append(this.toasts); // what is said now has to lie above the dialog
    }
    const tab = cause.id ? this.body.querySelector(`.tabs #${cause.id}`) : null;
    (tab ?? this.body.querySelector("#document-title")).focus();
    if (!tab) this.body.scrollTop = 0;
  }

  /** The row from which it was opened may have been replaced meanwhile. */
  #closed() {
    document.body.append(this.toasts);
    this.body.replaceChildren();
    document.getElementById(this.opener)?.querySelector(".document-name")?.focus();
  }
}
