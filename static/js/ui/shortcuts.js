/**
 * Single keys that do something, outside of fields and without Ctrl, Alt or Meta. Which key does what stands in
 * `components/shortcuts.html`, which is the sheet that `?` opens; a module says what is done. Whoever speaks to the
 * computer, or is in the habit of hitting keys, switches them off there (WCAG 2.1.4), on this device.
 */

const OFF = "shortcuts";
const TYPING = "input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select, [contenteditable]";
const sheet = document.getElementById("shortcuts");
const actions = new Map();

/** Run `act` when the key of `name` is pressed. */
export function shortcut(name, act) {
  actions.set(name, act);
}

/** The key as the sheet has it. A keyboard whose letters are not Latin is used by the places of its keys. */
export function keyOf({ key, code }) {
  if (key === "؟") return "?";
  if (/^[a-z]$/iu.test(key)) return key.toLowerCase();
  const place = /^Key([A-Z])$/.exec(code ?? "");
  return place && /^\p{L}$/u.test(key) ? place[1].toLowerCase() : key;
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
  if (event.target.closest?.(TYPING) || document.querySelector("dialog:modal") || !isOn()) return;
  const line = sheet.querySelector(`[data-key="${CSS.escape(keyOf(event))}"]`);
  const act = line && actions.get(line.dataset.shortcut);
  if (!act) return;
  event.preventDefault();
  act();
});

function open() {
  for (const line of sheet.querySelectorAll("[data-shortcut]")) line.hidden = !actions.has(line.dataset.shortcut);
  sheet.querySelector("[data-part=on]").checked = isOn();
  sheet.showModal();
}

function isOn() {
  try {
    return localStorage.getItem(OFF) !== "off";
  } catch {
    return true; // storage is forbidden
  }
}

function remember(on) {
  try {
    if (on) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "off");
  } catch {
    // as above; then they cannot be switched off on this device
  }
}

shortcut("sheet", open);
sheet.addEventListener("change", (event) => remember(event.target.checked));
sheet.addEventListener("click", (event) => event.target === sheet && sheet.close()); // beside it
document.addEventListener("click", (event) => {
  if (!event.target.closest?.("[data-opens=shortcuts]")) return;
  event.target.closest("details")?.removeAttribute("open");
  open();
});
