/** What a question is searched in: chips above it, and small ones at a question that was asked. */

export const MOST_DOCUMENTS = 20;

/** Emits "change". A target is `{kind: "collection" or "document", id, name}`. */
export class Scope extends EventTarget {
  #list;
  #template;

  constructor(list, template) {
    super();
    this.#list = list;
    this.#template = template;
    list.addEventListener("click", (event) => this.#remove(event.target.closest("button")?.closest("li")));
  }

  get chosen() {
    return targetsIn(this.#list);
  }

  /** Replace what was chosen. */
  choose(targets) {
    showTargets(this.#list, this.#template, targets);
    this.dispatchEvent(new Event("change"));
  }

  /** False where there are too many already. */
  add(target) {
    const { chosen } = this;
    if (chosen.some(({ id }) => id === target.id)) return true;
    const documents = chosen.filter(({ kind }) => kind === "document").length;
    if (target.kind === "document" && documents >= MOST_DOCUMENTS) return false;
    this.choose([...chosen, target]);
    return true;
  }

  #remove(chip) {
    if (!chip) return;
    const next = chip.nextElementSibling ?? chip.previousElementSibling;
    this.choose(this.chosen.filter(({ id }) => id !== chip.dataset.id));
    const after = next && this.#list.querySelector(`[data-id="${CSS.escape(next.dataset.id)}"] button`);
    (after ?? this.#list.closest("form").querySelector("textarea")).focus();
  }
}

/** The ids of the targets as a command takes them. */
export function idsOf(targets) {
  const of = (wanted) => targets.filter(({ kind }) => kind === wanted).map(({ id }) => id);
  const [collectionIds, documentIds] = [of("collection"), of("document")];
  return {
    collectionIds: collectionIds.length ? collectionIds : null,
    documentIds: documentIds.length ? documentIds : null,
  };
}

export function targetsIn(list) {
  return [...list.children].map((chip) => ({ ...chip.dataset }));
}

/** Fill `list` with a chip for each target. What is gone has no name and is left out. */
export function showTargets(list, template, targets) {
  list.replaceChildren(...targets.filter(({ name }) => name).map((target) => chipOf(template, target)));
  list.hidden = !list.children.length;
}

function chipOf(template, { kind, id, name }) {
  const chip = template.content.cloneNode(true).firstElementChild;
  Object.assign(chip.dataset, { kind, id, name });
  for (const part of chip.querySelectorAll("[data-part=name]")) part.textContent = name;
  chip.title = name;
  return chip;
}
