/** The cited page beside the answer, instead of in its place. Wherever the page cannot be had, the link is followed. */
const NARROW = matchMedia("(width < 60rem)");

export class SourcePanel {
  #turn = null;
  #opener = null;

  /** Links to sources in `thread` open in `dialog`. */
  constructor(dialog, thread) {
    this.dialog = dialog;
    this.body = this.#part("panel-body");
    thread.addEventListener("click", (event) => this.#asked(event));
    dialog.addEventListener("click", (event) => this.#turned(event));
    dialog.addEventListener("close", () => this.#opener?.focus());
    document.addEventListener("keydown", (event) => event.key === "Escape" && dialog.open && dialog.close());
  }

  #part(name) {
    return this.dialog.querySelector(`[data-part=${name}]`);
  }

  #asked(event) {
    const link = event.target.closest("a.cite, a.source-link");
    if (!link || !isPlain(event)) return;
    event.preventDefault();
    this.#turn = link.closest(".turn");
    this.#opener = link;
    this.#show(link.href);
  }

  /** Within the panel: to another hit, or to another page of the same document. */
  #turned(event) {
    const link = event.target.closest("a[rel], a[data-stays]");
    if (!link || !isPlain(event)) return;
    event.preventDefault();
    this.#show(link.href);
  }

  async #show(url) {
    this.body.setAttribute("aria-busy", "true");
    const page = await pageAt(url);
    if (!page) return location.assign(url);
    page.querySelector(".back-link")?.parentElement.remove();
    this.body.replaceChildren(...page.childNodes);
    this.body.removeAttribute("aria-busy");
    this.#part("panel-open").href = url;
    this.#offerHits(new URL(url, location.href).pathname);
    if (!this.dialog.open) NARROW.matches ? this.dialog.showModal() : this.dialog.show();
    this.body.focus();
    this.body.scrollTop = 0;
    this.body.querySelector(".page-text.panel mark, .page-text.panel > .cited-passage")?.scrollIntoView({ block: "center" });
  }

  #offerHits(path) {
    const hits = [...this.#turn.querySelectorAll("a.source-link")].map((link) => link.href);
    const at = hits.findIndex((url) => new URL(url).pathname === path);
    for (const [name, url] of [
      ["panel-previous", hits[at - 1]],
      ["panel-next", hits[at + 1]],
    ]) {
      const link = this.#part(name);
      if (url) link.href = url;
      else link.removeAttribute("href");
      link.setAttribute("aria-disabled", String(!url));
    }
    this.#part("panel-at").textContent = at + 1;
    this.#part("panel-hits").textContent = hits.length;
  }
}

/** Neither into another tab nor anything else that the reader asks of a link with keys. */
function isPlain(event) {
  return event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
}

/** What the page at `url` shows of the source, or null. */
async function pageAt(url) {
  try {
    const response = await fetch(url, { headers: { accept: "text/html" } });
    if (!response.ok || response.redirected) return null;
    const page = new DOMParser().parseFromString(await response.text(), "text/html").querySelector(".page-view");
    return page && document.importNode(page, true);
  } catch {
    return null;
  }
}
