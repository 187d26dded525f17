/** Keeps the newest line in view, but only for a reader who is there already; for others there is a button. */

const NEAR_PX = 80;

export class Follow {
  #sticking = !location.hash.startsWith("#turn-"); // whoever comes from a search reads there
  #button;

  constructor(thread, button) {
    this.#button = button;
    window.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    button.addEventListener("click", () => this.toEnd({ smooth: true }));
    const isWriting = () => thread.querySelector(":is(textarea, input):focus"); // in the thread: moves nobody
    new ResizeObserver(() => (this.#sticking && !isWriting() ? this.toEnd() : this.#scrolled())).observe(thread);
  }

  toEnd({ smooth = false } = {}) {
    this.#sticking = true;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const top = document.documentElement.scrollHeight;
    window.scrollTo({ top, behavior: smooth && !calm ? "smooth" : "instant" });
    this.#button.hidden = true;
  }

  /** Leave the reader where they are. */
  release() {
    this.#sticking = false;
  }

  #scrolled() {
    const { scrollHeight, clientHeight } = document.documentElement;
    this.#sticking = scrollHeight - clientHeight - window.scrollY < NEAR_PX;
    this.#button.hidden = this.#sticking;
  }
}
