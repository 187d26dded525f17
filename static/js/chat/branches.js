/** Versions of a question: the field in which one is written, and the arrows from one to another. */

const ADDRESS_ID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

/** `‹ 2 / 3 ›` at a turn. `ids` are those that stand at its place, the turn itself among them. */
export function showSiblings(article, ids) {
  article.dataset.siblings = ids.join(" ");
  const form = article.querySelector("[data-part=branches]");
  const at = ids.indexOf(article.dataset.turn);
  form.hidden = ids.length < 2;
  form.querySelector("[data-part=branch-place]").textContent = `${at + 1} / ${ids.length}`;
  leadTo(form.querySelector("[data-part=branch-previous]"), ids[at - 1]);
  leadTo(form.querySelector("[data-part=branch-next]"), ids[at + 1]);
}

function leadTo(button, id) {
  button.disabled = !id;
  button.value = id ?? "";
  if (id) button.formAction = button.formAction.replace(ADDRESS_ID, id);
}

/** Itself alone, where it has not been told of others. */
export function siblingsOf(article) {
  const ids = article.dataset.siblings.split(" ").filter(Boolean);
  return ids.length ? ids : [article.dataset.turn];
}

/** Take the turn and everything that was asked below it out of the page; return what was taken. */
export function cutFrom(article) {
  const cut = [];
  for (let node = article; node && !node.matches("[data-part=followups]"); node = node.nextElementSibling) cut.push(node);
  for (const node of cut) node.remove();
  return cut;
}

/** The pencils and the arrows of a thread. */
export class Branches extends EventTarget {
  #thread;
  #template;

  /**
   * Events: "ask" (`detail` is `{turnId, text}`), "page" (`{url, chat}`, the page that shows another version: whoever
   * listens puts its thread into this one's place at once, or prevents it), "failed".
   */
  constructor(thread, editorTemplate) {
    super();
    this.#thread = thread;
    this.#template = editorTemplate;
    thread.addEventListener("click", (event) => this.#editAsked(event));
    thread.addEventListener("submit", (event) => this.#versionAsked(event));
  }

  #editAsked(event) {
    const link = event.target.closest("[data-part=edit]");
    if (!link || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const article = link.closest(".turn");
    this.edit(article, article.querySelector("[data-part=question]").textContent);
  }

  /** The question of a turn becomes a field with `text` in it. Escape leaves everything as it was. */
  edit(article, text) {
    const [question, pencil] = ["question", "edit"].map((part) => article.querySelector(`[data-part=${part}]`));
    const { form, field } = this.#editor(article.dataset.turn, text);
    const close = () => {
      form.remove();
      question.hidden = pencil.hidden = false;
    };
    const cancel = () => {
      close();
      pencil.focus();
    };
    form.querySelector("[data-action=cancel]").addEventListener("click", cancel);
    form.addEventListener("keydown", (event) => event.key === "Escape" && !event.isComposing && cancel());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const asked = field.value.trim();
      if (asked) this.#tell("ask", { turnId: article.dataset.turn, text: asked, close });
    });
    question.hidden = pencil.hidden = true;
    question.before(form);
    field.focus();
    field.setSelectionRange(text.length, text.length);
  }

  #editor(turnId, text) {
    const form = this.#template.content.cloneNode(true).firstElementChild;
    const field = form.querySelector("textarea");
    field.id = form.querySelector("label").htmlFor = `edit-${turnId}`;
    field.value = text;
    form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    });
    return { form, field };
  }

  async #versionAsked(event) {
    const { target: form, submitter: button } = event;
    if (!form.matches("[data-part=branches]")) return;
    event.preventDefault();
    const page = await pageAfter(form, button);
    if (!page) return this.#tell("failed");
    const { top } = placeOf(form).getBoundingClientRect();
    if (!this.#tell("page", page)) return;
    const article = placeOf(this.#thread.querySelector(`[data-turn="${CSS.escape(button.value)}"]`));
    window.scrollBy(0, article.getBoundingClientRect().top - top);
    focusArrow(article, button.dataset.part);
  }

  #tell(name, detail = null) {
    return this.dispatchEvent(new CustomEvent(name, { detail, cancelable: true }));
  }
}

/** A turn, or the comparison that it is in. */
const placeOf = (element) => element.closest(".comparison") ?? element.closest(".turn");

/** The arrow that was pressed, or the other one where it leads no further. */
function focusArrow(article, part) {
  const arrows = [part, "branch-next", "branch-previous"].map((name) => article.querySelector(`[data-part=${name}]`));
  arrows.find((each) => !each.disabled)?.focus({ preventScroll: true });
}

/** Post a form; the address and the `<rz-chat>` of the page that comes of it, or null. */
export async function pageAfter(form, button) {
  try {
    const body = new FormData(form, button);
    const response = await fetch(button.formAction, { method: "POST", body, headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const chat = response.ok ? page.querySelector("rz-chat") : null;
    return chat && { url: response.url, chat };
  } catch {
    return null; // no network: treated like an answer without the page
  }
}
