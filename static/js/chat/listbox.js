/**
 * A list below what is being typed: a source says where in the text it is asked for something and what it has found.
 * Arrow keys go through it, Enter and Tab take, Escape closes. Follows the combobox pattern of the ARIA practices; the
 * field is one only while the list is open, because it is a plain text field otherwise.
 */

const WAIT_MS = 120;

export class Listbox {
  #field;
  #list;
  #template;
  #sources;
  #open = null;
  #dismissed = null;
  #asked = 0;
  #timer = 0;

  /**
   * A source has `match(textBeforeCaret)`, which returns `{query, start}` or null, `find(query)`, which resolves to items
   * `{kind, name, detail}`, and `take(item, start, end)`, which is called with the stretch of text that asked for it.
   */
  constructor(field, list, template, sources) {
    this.#field = field;
    this.#list = list;
    this.#template = template;
    this.#sources = sources;
    field.addEventListener("input", () => this.#look());
    field.addEventListener("keydown", (event) => this.#key(event));
    field.addEventListener("blur", () => this.#close());
    list.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the keyboard
    list.addEventListener("click", (event) => this.#take(event.target.closest("[role=option]")));
  }

  #look() {
    clearTimeout(this.#timer);
    const before = this.#field.value.slice(0, this.#field.selectionStart);
    for (const source of this.#sources) {
      const asked = source.match(before);
      if (asked && !this.#isDismissed(source, asked)) {
        this.#timer = setTimeout(() => this.#find(source, asked), WAIT_MS);
        return;
      }
    }
    this.#close();
  }

  /** What found nothing finds nothing when more is typed after it; what was closed stays closed. */
  #isDismissed(source, { query, start }) {
    const last = this.#dismissed;
    return last?.source === source && last.start === start && query.startsWith(last.query);
  }

  async #find(source, { query, start }) {
    const asked = ++this.#asked;
    const items = await source.find(query);
    if (asked !== this.#asked || document.activeElement !== this.#field) return;
    if (!items.length) {
      this.#dismissed = { source, query, start };
      return this.#close();
    }
    this.#dismissed = null;
    this.#show({ source, query, start, items });
  }

  #show(open) {
    this.#open = open;
    this.#list.replaceChildren(...open.items.map((item, place) => this.#option(item, place)));
    this.#list.setAttribute("aria-label", open.source.label);
    this.#list.hidden = false;
    this.#field.setAttribute("role", "combobox");
    this.#field.setAttribute("aria-expanded", "true");
    this.#field.setAttribute("aria-autocomplete", "list");
    this.#field.setAttribute("aria-controls", this.#list.id);
    this.#mark(0);
  }

  #option({ kind, name, detail }, place) {
    const option = this.#template.content.cloneNode(true).firstElementChild;
    option.id = `${this.#list.id}-${place}`;
    option.dataset.kind = kind;
    option.querySelector("[data-part=name]").textContent = name;
    option.querySelector("[data-part=detail]").textContent = detail;
    return option;
  }

  #mark(place) {
    const options = [...this.#list.children];
    const chosen = options.at(place % options.length);
    for (const option of options) option.setAttribute("aria-selected", String(option === chosen));
    this.#field.setAttribute("aria-activedescendant", chosen.id);
    chosen.scrollIntoView({ block: "nearest" });
  }

  get #marked() {
    return this.#list.querySelector("[aria-selected=true]");
  }

  #key(event) {
    if (!this.#open || event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const place = [...this.#list.children].indexOf(this.#marked);
    if (event.key === "ArrowDown") this.#mark(place + 1);
    else if (event.key === "ArrowUp") this.#mark(place - 1);
    else if (event.key === "Enter" || event.key === "Tab") this.#take(this.#marked);
    else if (event.key === "Escape") this.#dismiss();
    else return;
    event.preventDefault();
    event.stopImmediatePropagation(); // neither does Enter ask, nor does Tab or Escape do anything else
  }

  #dismiss() {
    const { source, query, start } = this.#open;
    this.#dismissed = { source, query, start };
    this.#close();
  }

  #take(option) {
    if (!option || !this.#open) return;
    const { source, items, start } = this.#open;
    const item = items[[...this.#list.children].indexOf(option)];
    this.#close();
    source.take(item, start, this.#field.selectionStart);
  }

  #close() {
    clearTimeout(this.#timer);
    this.#asked += 1;
    if (!this.#open) return;
    this.#open = null;
    this.#list.hidden = true;
    for (const name of ["role", "aria-expanded", "aria-autocomplete", "aria-controls", "aria-activedescendant"]) {
      this.#field.removeAttribute(name);
    }
  }
}
