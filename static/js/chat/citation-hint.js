/**
 * What a citation cites, in a hint beside it: the document and the sentences that decide, as its card has them. Whoever
 * points at the citation may point at the hint too, comes to it with the keyboard, and is rid of it with Escape.
 */
const OPEN_MS = 150;
const CLOSE_MS = 150;
const GAP = 6;

export class CitationHint {
  #link = null;
  #timer = 0;

  constructor(thread) {
    this.hint = document.createElement("div");
    this.hint.className = "citation-hint";
    this.hint.id = "citation-hint";
    this.hint.role = "tooltip";
    this.hint.popover = "manual";
    thread.after(this.hint);
    for (const place of [thread, this.hint]) {
      place.addEventListener("pointerover", (event) => event.pointerType === "mouse" && this.#pointed(event.target));
      place.addEventListener("pointerout", ({ target }) => this.#link && this.#concerns(target) && this.#close(CLOSE_MS));
    }
    thread.addEventListener("focusin", ({ target }) => target.matches("a.cite:focus-visible") && this.#show(target));
    thread.addEventListener("focusout", ({ target }) => target === this.#link && this.#close());
    thread.addEventListener("click", () => this.#close());
    document.addEventListener("scroll", () => this.#close(), { capture: true, passive: true });
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.#close());
  }

  #concerns(target) {
    return target === this.#link || this.hint.contains(target);
  }

  #pointed(target) {
    if (this.#concerns(target)) clearTimeout(this.#timer);
    else if (target.matches("a.cite")) this.#after(OPEN_MS, () => this.#show(target));
  }

  #show(link) {
    const card = link.closest(".turn").querySelector(`.source[data-number="${link.dataset.cite}"]`);
    if (!card || !link.isConnected) return;
    this.#close();
    this.hint.replaceChildren(...["document", "page-line", "excerpt"].map((part) => copyOf(card, part)));
    this.#link = link;
    link.setAttribute("aria-describedby", this.hint.id);
    this.hint.showPopover();
    this.#place(link.getBoundingClientRect(), this.hint.getBoundingClientRect());
  }

  /** Below the citation, or above where there is more room; within the window from side to side. */
  #place(link, { width, height }) {
    const below = link.bottom + GAP;
    const above = link.top - GAP - height;
    const middle = link.left + link.width / 2 - width / 2;
    this.hint.style.top = `${below + height > innerHeight && above > 0 ? above : below}px`;
    this.hint.style.left = `${Math.max(GAP, Math.min(middle, document.documentElement.clientWidth - width - GAP))}px`;
  }

  #close(delay = 0) {
    if (delay) return this.#after(delay, () => this.#close());
    clearTimeout(this.#timer);
    this.#link?.removeAttribute("aria-describedby");
    this.#link = null;
    if (this.hint.matches(":popover-open")) this.hint.hidePopover();
  }

  #after(delay, then) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(then, delay);
  }
}

function copyOf(card, part) {
  const copy = card.querySelector(`[data-part=${part}]`).cloneNode(true);
  copy.removeAttribute("data-part");
  copy.classList.add(`citation-hint-${part}`);
  return copy;
}
