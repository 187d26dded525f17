/** `<rz-rating>`: sends a rating without leaving the page. Without a script its forms are ordinary ones. */
import { toast } from "razgovor/ui/toast.js";

const TYPED = "input[name=comment]:not([type=hidden])";

export class Rating extends HTMLElement {
  connectedCallback() {
    this.addEventListener("submit", (event) => {
      event.preventDefault();
      event.stopPropagation(); // the thread takes what is sent in it for a question asked again
      const data = new FormData(event.target, event.submitter);
      if (data.has("comment")) data.set("comment", this.querySelector(TYPED).value); // a reason goes with what is typed
      this.#send(data, event.submitter?.dataset ?? {});
    });
  }

  /** A turn that was asked on this page was not known when its address was written. */
  get #address() {
    return this.dataset.url.replace(/[0-9a-f-]{36}/, this.closest(".turn").dataset.turn);
  }

  async #send(data, { thumb, reason }) {
    let fresh = null;
    try {
      const headers = { Accept: "text/html", "HX-Request": "true", "HX-Target": "rating" };
      const response = await fetch(this.#address, { method: "POST", body: data, headers });
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      fresh = response.ok ? page.querySelector("rz-rating") : null;
    } catch {
      // no network: treated like an answer without the element
    }
    if (!fresh) {
      toast(this.dataset.failed, "error");
      return;
    }
    this.replaceWith(fresh);
    const pressed = reason ? `[data-reason=${reason}]` : TYPED;
    (fresh.querySelector(pressed) ?? fresh.querySelector(`[data-thumb=${thumb ?? "down"}]`))?.focus();
  }
}
