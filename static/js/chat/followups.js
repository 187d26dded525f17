/** What could be asked next, below the latest answer. It comes after the answer, and nobody waits for it. */

export class Followups {
  #part;
  #asked = 0;

  constructor(part) {
    this.#part = part;
  }

  /** Another question is being answered. */
  clear() {
    this.#asked += 1;
    this.#part.replaceChildren();
  }

  /** `url` is the answer's own address. */
  async show(url) {
    const asked = ++this.#asked;
    try {
      const response = await fetch(`${url}next/`, { headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const found = response.ok && page.querySelector("[data-part=followups]");
      if (found && asked === this.#asked) this.#part.replaceChildren(...found.children);
    } catch {
      // no network: no suggestions
    }
  }
}
