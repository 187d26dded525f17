/** The passages beside an answer. Everything in them is text from documents and is set as text, never as HTML. */
export class SourcesView {
  /** `root` is the turn's `.sources`; `template` holds one card. */
  constructor(root, template) {
    this.root = root;
    this.template = template;
    this.list = root.querySelector("[data-part=source-list]");
    this.rest = root.querySelector("[data-part=sources-rest]");
    this.restList = root.querySelector("[data-part=rest-list]");
    this.omitted = root.querySelector("[data-part=omitted]");
  }

  /** `omitted` passages were found beside them and left out; of `shortened` ones only sentences were used. */
  show(sources, { omitted, shortened }) {
    this.list.replaceChildren(...byDocument(sources.map((source) => this.#card(source))));
    this.restList.replaceChildren();
    this.rest.hidden = true;
    this.root.hidden = sources.length === 0;
    const part = (name) => this.omitted.querySelector(`[data-part=${name}]`);
    this.omitted.hidden = omitted === 0 && shortened === 0;
    part("used-count").textContent = sources.length;
    part("found-count").textContent = sources.length + omitted;
    part("shortened").hidden = shortened === 0;
    part("shortened-count").textContent = shortened;
  }

  cite(numbers) {
    for (const card of this.#cards()) {
      card.toggleAttribute("data-cited", numbers.includes(Number(card.dataset.number)));
    }
  }

  /** At the end: mark what the answer cites, and put the rest away. A refusal used nothing. */
  settle(numbers, { refused }) {
    this.cite(numbers);
    if (refused) this.omitted.hidden = true;
    const isCited = (card) => card.hasAttribute("data-cited");
    const cards = this.#cards();
    const uncited = cards.filter((card) => !isCited(card));
    this.list.replaceChildren(...byDocument(cards.filter(isCited)));
    this.restList.replaceChildren(...byDocument(uncited));
    this.rest.hidden = uncited.length === 0;
  }

  #cards() {
    return [...this.root.querySelectorAll(".source")];
  }

  #card(source) {
    const card = this.template.content.cloneNode(true).firstElementChild;
    const part = (name) => card.querySelector(`[data-part=${name}]`);
    card.dataset.number = source.number;
    card.dataset.document = source.document_id;
    part("number").textContent = source.number;
    part("document").textContent = source.document;
    part("link").href = source.url;
    const goesOn = source.last_page > source.page;
    part("page").textContent = goesOn ? `${source.page}–${source.last_page}` : (source.page ?? "");
    part("one-page").hidden = goesOn;
    part("more-pages").hidden = !goesOn;
    part("page-line").hidden = source.page === null;
    part("heading").textContent = source.heading;
    part("heading").hidden = !source.heading;
    part("excerpt").replaceChildren(...source.excerpt.map(pieceOf));
    return card;
  }
}

/** Passages of one document together, where the first of them stood; its name is said there only. As the server does it. */
function byDocument(cards) {
  const groups = Map.groupBy(cards, ({ dataset }) => dataset.document || dataset.number);
  for (const group of groups.values()) group.forEach((card, at) => card.toggleAttribute("data-follows", at > 0));
  return [...groups.values()].flat();
}

/** A piece of a passage, marked where the question is most likely answered. */
function pieceOf({ text, is_deciding: isDeciding }) {
  if (!isDeciding) return text;
  const mark = document.createElement("mark");
  mark.textContent = text;
  return mark;
}

/** While a citation is pointed at or focused, light up its passage, and all citations of a passage that is. */
export function lightUpCitations(thread) {
  const light = (event, on) => {
    const target = event.target.closest?.("[data-cite], .source");
    const turn = target?.closest(".turn");
    if (!turn) return;
    const number = target.dataset.cite ?? target.dataset.number;
    for (const match of turn.querySelectorAll(`[data-cite="${number}"], .source[data-number="${number}"]`)) {
      match.toggleAttribute("data-lit", on);
    }
  };
  for (const [begin, end] of [
    ["pointerover", "pointerout"],
    ["focusin", "focusout"],
  ]) {
    thread.addEventListener(begin, (event) => light(event, true));
    thread.addEventListener(end, (event) => light(event, false));
  }
}
