/** `<rz-documents>`: the list as it is now. Rows come rendered from the server, over the socket or from an upload. */
import { Drawer } from "razgovor/documents/drawer.js";
import { replaceRow, replaceRows, rowOf, settle } from "razgovor/documents/rows.js";
import { Selection } from "razgovor/documents/selection.js";
import { throttle } from "razgovor/documents/throttle.js";
import { messagesOf } from "razgovor/ui/messages.js";
import { Socket } from "razgovor/ui/socket.js";

const TALLY_MS = 2000;
const REFRESH_MS = 4000;
/** Of a filtered or sorted list, in which only the server knows where a document belongs. */

export class Documents extends HTMLElement {
  /** When each document was last heard of, by its id: news count up, and a page that was asked for before is older. */
  #heard = new Map();
  #news = 0;

  connectedCallback() {
    this.messages = messagesOf("document-messages");
    this.selection = new Selection(this);
    this.drawer = new Drawer(this.querySelector("#drawer"));
    this.tallyChanged = throttle(() => window.htmx.trigger("#tally", "documents:changed"), TALLY_MS);
    this.listChanged = throttle(() => this.#refresh(), REFRESH_MS);
    this.socket = new Socket(this.dataset.socketUrl);
    this.socket.addEventListener("frame", ({ detail }) => detail.type === "document.updated" && this.#updated(detail));
    this.socket.addEventListener("open", () => this.#opened());
    this.addEventListener("document:uploaded", ({ detail }) => this.#uploaded(detail));
    document.body.addEventListener("htmx:afterSettle", ({ detail }) => this.#swapped(detail));
    this.socket.connect();
  }

  get list() {
    return this.querySelector("#documents");
  }

  get listing() {
    return this.querySelector("#listing");
  }

  /** Put a row where the document stands already, else first. An empty row is a document that is gone. */
  place(id, html) {
    const old = document.getElementById(`doc-${id}`);
    if (!html.trim()) {
      old?.remove();
    } else if (old) {
      replaceRow(old, rowOf(html));
    } else {
      const row = rowOf(html);
      this.list.prepend(row);
      settle(row);
      this.#keepToThePage();
    }
    this.#dropReplaced(document.getElementById(`doc-${id}`));
    this.#settle();
  }

  /** What is ready takes the place of its older versions. */
  #dropReplaced(row) {
    if (row?.dataset.status !== "ready") return;
    for (const other of this.list.querySelectorAll(`[data-series="${row.dataset.series}"]`)) {
      if (Number(other.dataset.version) < Number(row.dataset.version)) other.remove();
    }
  }

  /** What the socket has said of the document meanwhile is newer than this answer. */
  #uploaded({ id, html }) {
    if (!this.#heard.has(id)) this.place(id, html);
    this.#hear(id);
    this.tallyChanged();
  }

  #hear(id) {
    this.#heard.set(id, ++this.#news);
  }

  #updated({ document_id: id, collection_id: collection, status, html }) {
    this.#hear(id);
    const shown = document.getElementById(`doc-${id}`);
    const before = shown?.dataset.status;
    const belongs = !this.dataset.collection || this.dataset.collection === collection;
    const gone = status === "deleting" || !belongs;
    if (shown) this.place(id, gone ? "" : html);
    else if (belongs && html.trim() && "plain" in this.listing.dataset) this.place(id, html);
    else if (belongs) this.listChanged();
    if (before !== status) this.tallyChanged();
    if (before && before !== status) this.#announce(id);
  }

  #announce(id) {
    const row = document.getElementById(`doc-${id}`);
    const words = [".document-name", ".document-state", ".document-error"].map((part) =>
      row?.querySelector(part)?.textContent.replace(/\s+/g, " ").trim(),
    );
    this.#say(words.filter(Boolean).join(": "));
  }

  #say(text) {
    this.querySelector("[data-part=live]").textContent = text;
  }

  /** Before there was a connection, or while it was gone, the list may have changed unseen: it is taken from a fresh page. */
  async #opened() {
    if (this.wasOpen || this.list.querySelector("[data-status=queued], [data-status=running]")) await this.#refresh();
    this.wasOpen = true;
  }

  async #refresh() {
    const asked = this.#news;
    try {
      const response = await fetch(location.href, { headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const fresh = page.querySelector("#documents");
      if (!response.ok || !fresh) return;
      replaceRows(this.list, this.#newest([...fresh.children], asked));
      this.listing.dataset.found = page.querySelector("#listing").dataset.found;
      this.tallyChanged();
      this.#settle();
    } catch {
      // no network after all: the socket will open again
    }
  }

  /** `rows` of a page that was asked for after the news `asked`. Of what was heard of since, what stands here is newer. */
  #newest(rows, asked) {
    const heardSince = ({ id }) => (this.#heard.get(id.replace("doc-", "")) ?? 0) > asked;
    const newest = rows.map((row) => (heardSince(row) ? document.getElementById(row.id) : document.adoptNode(row)));
    const added = [...this.list.children].filter((row) => heardSince(row) && !newest.includes(row));
    return [...added, ...newest.filter(Boolean)];
  }

  /** After something of the page was replaced by htmx. */
  #swapped({ target, elt }) {
    if (target.id === "listing" || elt?.id === "listing") {
      this.#say(`${this.messages.shown} ${this.listing.dataset.found}`);
      if (this.selection.form) this.selection.everything.checked = false;
      if (document.activeElement === document.body) this.querySelector("[data-choose-page]")?.focus();
    }
    this.#settle();
  }

  /** New documents push the last ones to the next page. */
  #keepToThePage() {
    while (this.list.children.length > Number(this.listing.dataset.size)) this.list.lastElementChild.remove();
  }

  #settle() {
    const isEmpty = this.list.children.length === 0;
    this.querySelector("[data-part=empty]").hidden = !isEmpty;
    this.list.closest("table").hidden = isEmpty;
    this.selection.show();
  }
}
