/** Rows that are replaced under the reader's hands: what he has chosen, unfolded and focused stays so. */
import { localiseNumbers } from "razgovor/ui/numbers.js";
import { localiseTimes } from "razgovor/ui/time.js";

/** The row in `html`, which is the server's own template; names in it are escaped there. */
export function rowOf(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.querySelector("tr");
}

export function replaceRow(old, row) {
  const held = old.contains(document.activeElement) ? address(document.activeElement) : null;
  keepState(old, row);
  old.replaceWith(row);
  settle(row);
  if (held) [...row.querySelectorAll(FOCUSABLE)].find((each) => address(each) === held)?.focus();
}

/** Make `list` hold `rows`, in their order. Some of them may be in it already. */
export function replaceRows(list, rows) {
  const wanted = new Set(rows.map((row) => row.id));
  for (const old of [...list.children]) {
    if (!wanted.has(old.id)) old.remove();
  }
  rows.forEach((row, place) => {
    const old = document.getElementById(row.id);
    if (list.children[place] !== old || !old) list.insertBefore(old ?? row, list.children[place] ?? null);
    if (!old) settle(row);
    else if (old !== row) replaceRow(old, row);
  });
}

/** Give a row that is new on the page what every row has. */
export function settle(row) {
  window.htmx?.process(row);
  localiseTimes(row);
  localiseNumbers(row);
}

const FOCUSABLE = "a[href], button, summary, input:not([type=hidden])";

/** Says which of a row's things it is, in this row and in the next one of the same document. */
function address(element) {
  return element.closest("form")?.getAttribute("action") ?? element.getAttribute("href") ?? element.className + element.name;
}

function keepState(old, row) {
  const [was, is] = [old, row].map((each) => each.querySelector("[data-choice]"));
  if (was && is) is.checked = was.checked;
  for (const unfolded of old.querySelectorAll("details[open][data-keep]")) {
    const same = row.querySelector(`details[data-keep="${unfolded.dataset.keep}"]`);
    if (same) same.open = true;
  }
}
