/** `<rz-documents>`: the list as it is now. Rows come rendered from the server, over the socket or from an upload. */
import { Socket } from "razgovor/ui/socket.js";
import { localiseTimes } from "razgovor/ui/time.js";

export class Documents extends HTMLElement {
  connectedCallback() {
    this.list = this.querySelector("#documents");
    this.socket = new Socket(this.dataset.socketUrl);
    this.socket.addEventListener("frame", ({ detail }) => detail.type === "document.updated" && this.#updated(detail));
    this.socket.addEventListener("open", () => this.#opened());
    this.addEventListener("document:uploaded", ({ detail }) => this.place(detail.id, detail.html));
    document.body.addEventListener("htmx:afterSettle", () => this.#settle());
    this.socket.connect();
  }

  /** Put a row where the document stands already, else first. An empty row is a document that is gone. */
  place(id, html) {
    const old = document.getElementById(`doc-${id}`);
    if (!html.trim()) {
      old?.remove();
    } else {
      const template = document.createElement("template");
      template.innerHTML = html; // the server's own template; names in it are escaped there
      const row = template.content.querySelector("li");
      if (old) this.#replace(old, row);
      else this.list.prepend(row);
      window.htmx?.process(row);
      localiseTimes(row);
    }
    this.#settle();
  }

  /** A row is replaced twice a second while it is read: whoever has the keyboard on one of its buttons keeps it there. */
  #replace(old, row) {
    const held = old.contains(document.activeElement) ? document.activeElement.closest("form")?.action : null;
    old.replaceWith(row);
    if (held) [...row.querySelectorAll("form")].find((form) => form.action === held)?.querySelector("button").focus();
  }

  #updated({ document_id: id, collection_id: collection, status, html }) {
    const shown = document.getElementById(`doc-${id}`);
    const before = shown?.dataset.status;
    const belongs = !this.dataset.collection || this.dataset.collection === collection;
    if (shown || belongs) this.place(id, status === "deleting" ? "" : html);
    if (before && before !== status) this.#announce(id);
  }

  #announce(id) {
    const row = document.getElementById(`doc-${id}`);
    const words = [".document-name", ".document-state", ".document-error"].map((part) =>
      row?.querySelector(part)?.textContent.trim(),
    );
    this.querySelector("[data-part=live]").textContent = words.filter(Boolean).join(": ");
  }

  /** Before there was a connection, or while it was gone, the list may have changed unseen: it is taken from a fresh page. */
  async #opened() {
    if (this.wasOpen || this.list.querySelector("[data-status=queued], [data-status=running]")) await this.#refresh();
    this.wasOpen = true;
  }

  async #refresh() {
    try {
      const response = await fetch(location.href, { headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const fresh = page.querySelector("#documents");
      if (!response.ok || !fresh) return;
      this.list.replaceChildren(...fresh.children);
      window.htmx?.process(this.list);
      localiseTimes(this.list);
      this.#settle();
    } catch {
      // no network after all: the socket will open again
    }
  }

  #settle() {
    this.querySelector("[data-part=empty]").hidden = this.list.children.length > 0;
  }
}
