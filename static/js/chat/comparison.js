/** One question to several models: the menu in which they are chosen, and their answers in columns. */
import { pageAfter } from "razgovor/chat/branches.js";
import { showPictures } from "razgovor/chat/pictures.js";
import { showTargets } from "razgovor/chat/scope.js";

const MOST = 3;
const ADDRESS_ID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

/** Beside the button that asks. What is chosen stays so while the page is open. */
export class CompareMenu {
  #form;
  #messages;

  constructor(form, messages) {
    this.#form = form;
    this.#messages = messages;
    form.addEventListener("change", (event) => event.target.name === "compare" && this.#count());
    this.#count();
  }

  /** Nothing but empty lists where no model was chosen. Where names are hidden, chance says which is called A. */
  get chosen() {
    const boxes = this.#checked();
    const blind = boxes.length > 1 && this.#form.querySelector("[name=blind]").checked;
    const ordered = blind ? shuffled(boxes) : boxes;
    return {
      providerIds: ordered.map((box) => box.value),
      names: ordered.map((box, at) => (blind ? this.#messages[`model-${at + 1}`] : box.dataset.name)),
      blind,
    };
  }

  #boxes() {
    return [...this.#form.querySelectorAll("[name=compare]")];
  }

  #checked() {
    return this.#boxes().filter((box) => box.checked);
  }

  #count() {
    const count = this.#checked().length;
    for (const box of this.#boxes()) box.disabled = count >= MOST && !box.checked;
    const shown = this.#form.querySelector("[data-part=compare-count]");
    if (shown) shown.textContent = count || "";
  }
}

function shuffled(items) {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((one, other) => one.at - other.at)
    .map(({ item }) => item);
}

/** The turn that a question below this one follows. */
export function goesOnFrom(article) {
  return article.closest(".comparison")?.dataset.goesOn ?? article.dataset.turn;
}

/** What a turn's model is called in its column; empty outside of comparisons. */
export function nameOf(article) {
  return article.closest(".column")?.querySelector("[data-part=column-name]").textContent ?? "";
}

/** The button that stops a turn in its column. It goes when the turn is over. */
export function stopOf(article) {
  return article.closest(".column")?.querySelector("[data-action=stop]");
}

/** The comparisons of a thread. */
export class Comparisons extends EventTarget {
  #thread;
  #template;

  /**
   * `template(name)` is the page's of "comparison", "column" or "turn". Events: "stop" (`detail` is the turn's id),
   * "judged" (the comparison), "page" (as of `Branches`), "failed" (the name of a message).
   */
  constructor(thread, template) {
    super();
    this.#thread = thread;
    this.#template = template;
    thread.addEventListener("submit", (event) => this.#submitted(event));
    thread.addEventListener("click", (event) => this.#stopAsked(event));
  }

  /** Append an empty one; return the article of each turn in it. */
  begin(ids, names, { question, scope, pictures }) {
    const section = this.#clone("comparison");
    section.dataset.goesOn = ids[0];
    section.querySelector("[data-part=compared-question]").textContent = question;
    showPictures(section.querySelector("[data-part=pictures]"), pictures);
    showTargets(section.querySelector("[data-part=scope]"), section.querySelector("[data-part=scope-template]"), scope);
    const columns = ids.map((id, at) => this.#column(id, names[at]));
    section.querySelector("[data-part=columns]").append(...columns);
    this.#thread.querySelector("[data-part=followups]").before(section);
    return columns.map((column, at) => ({ id: ids[at], article: column.querySelector(".turn") }));
  }

  #column(id, name) {
    const column = this.#clone("column");
    const heading = column.querySelector("[data-part=column-name]");
    heading.firstElementChild.textContent = name;
    heading.id = `column-${id}`;
    column.setAttribute("aria-labelledby", heading.id);
    return column;
  }

  #clone(name) {
    return this.#template(name).content.cloneNode(true).firstElementChild;
  }

  /** When the last answer of a comparison has ended, the server says what it cost and asks for the vote. */
  async ended(article) {
    const section = article.closest(".comparison");
    if (!section || section.querySelector('.turn[data-status="running"]')) return;
    const fresh = await comparisonAt(section.dataset.url.replace(ADDRESS_ID, section.dataset.goesOn));
    if (fresh) this.#update(section, fresh);
    else this.#tell("failed", "unloadable");
  }

  /** The answers stay as they are; what is said about them is replaced. */
  #update(section, fresh) {
    section.dataset.goesOn = fresh.dataset.goesOn;
    for (const part of ["column-name", "column-badge", "column-foot", "verdict"]) {
      const now = fresh.querySelectorAll(`[data-part=${part}]`);
      section.querySelectorAll(`[data-part=${part}]`).forEach((old, at) => old.replaceWith(now[at]));
    }
  }

  #submitted(event) {
    const { target: form, submitter: button } = event;
    if (form.matches(".verdict")) this.#judge(event, form, button);
    if (form.matches("[data-part=go-on-from]")) this.#goOnFrom(event, form, button);
  }

  async #judge(event, form, button) {
    event.preventDefault();
    const section = form.closest(".comparison");
    const at = votesOf(section).indexOf(button);
    const address = button.getAttribute("formaction") ?? form.action;
    const fresh = await comparisonAt(address, { method: "POST", body: new FormData(form, button) });
    if (!fresh) return this.#tell("failed", "vote-failed");
    this.#update(section, fresh);
    votesOf(section)[at]?.focus();
    this.#tell("judged", section);
  }

  async #goOnFrom(event, form, button) {
    event.preventDefault();
    const page = await pageAfter(form, button);
    if (!page) return this.#tell("failed", "unloadable");
    if (!this.#tell("page", page)) return;
    const article = this.#thread.querySelector(`[data-turn="${CSS.escape(button.value)}"]`);
    article?.closest(".comparison")?.focus();
  }

  #stopAsked(event) {
    const button = event.target.closest("[data-action=stop]");
    if (button) this.#tell("stop", button.closest(".column").querySelector(".turn").dataset.turn);
  }

  #tell(name, detail) {
    return this.dispatchEvent(new CustomEvent(name, { detail, cancelable: true }));
  }
}

const votesOf = (section) => [...section.querySelectorAll("[name=verdict]")];

/** The server's rendering of a comparison, or null. */
async function comparisonAt(url, options = {}) {
  try {
    const headers = { Accept: "text/html", "HX-Request": "true", "HX-Target": "comparison" };
    const response = await fetch(url, { ...options, headers });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    return response.ok ? page.querySelector(".comparison") : null;
  } catch {
    return null; // no network: treated like an answer without it
  }
}
