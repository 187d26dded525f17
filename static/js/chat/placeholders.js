/** Places in a prompt's text that are filled in each time: `{{product}}`. */

const PLACEHOLDER = /\{\{[^{}\n]{1,80}\}\}/gu;

/** Start and end of the first placeholder that begins at `from` or after it, or null. */
export function placeholderAfter(text, from) {
  for (const { index, 0: found } of text.matchAll(PLACEHOLDER)) {
    if (index >= from) return [index, index + found.length];
  }
  return null;
}

/** Start and end of the last placeholder that ends at `until` or before it, or null. */
export function placeholderBefore(text, until) {
  let last = null;
  for (const { index, 0: found } of text.matchAll(PLACEHOLDER)) {
    if (index + found.length <= until) last = [index, index + found.length];
  }
  return last;
}

/** Tab goes to the next placeholder of `field`, Shift+Tab to the one before; where there is none, out of the field. */
export function letTabFill(field) {
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Tab" || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const { value, selectionStart, selectionEnd } = field;
    const next = event.shiftKey ? placeholderBefore(value, selectionStart) : placeholderAfter(value, selectionEnd);
    if (!next) return;
    event.preventDefault();
    field.setSelectionRange(...next);
  });
}
