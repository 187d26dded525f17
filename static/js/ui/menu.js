/**
 * Closes `<details class="menu">` as menus close: by Escape, by a click elsewhere, by opening another. Arrow keys go
 * through what is in it. A `.menu-floating` is in something that scrolls: its panel is put beside its button.
 */

const GAP = 4;

const open = () => document.querySelectorAll("details.menu[open]");

document.addEventListener("click", (event) => {
  for (const menu of open()) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closeAll(event);
  if (event.key === "ArrowDown" || event.key === "ArrowUp") step(event);
});

/** Escape closes the menu and not what it is in. */
function closeAll(event) {
  for (const menu of open()) {
    event.preventDefault();
    menu.open = false;
    menu.querySelector("summary").focus();
  }
}

function step(event) {
  const menu = event.target.closest?.("details.menu[open]");
  if (!menu || event.target.matches("input, select, textarea")) return;
  const stops = [...menu.querySelectorAll("summary, .menu-item")].filter((each) => each.checkVisibility());
  const next = stops.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1);
  event.preventDefault();
  stops.at(next % stops.length)?.focus();
}

document.addEventListener("focusout", (event) => {
  const menu = event.target.closest?.("details.menu[open]");
  if (menu && event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
});

document.addEventListener(
  "toggle",
  ({ target }) => {
    if (target.open && target.matches?.("details.menu-floating")) place(target);
    if (target.open && target.matches?.("details.menu-rename")) place(target.closest("details.menu-floating"));
  },
  true,
);

for (const change of ["scroll", "resize"]) {
  window.addEventListener(change, () => document.querySelectorAll("details.menu-floating[open]").forEach(place), true);
}

/** Below the button where there is room, else above it; never outside of the window. */
export function place(menu) {
  const panel = menu?.querySelector(".menu-panel");
  if (!panel) return;
  const button = menu.querySelector("summary").getBoundingClientRect();
  const { width, height } = panel.getBoundingClientRect();
  const rtl = getComputedStyle(menu).direction === "rtl";
  const top = button.bottom + GAP + height <= innerHeight ? button.bottom + GAP : button.top - GAP - height;
  const left = rtl ? button.right - width : button.left;
  panel.style.top = `${clamp(top, innerHeight - height)}px`;
  panel.style.left = `${clamp(left, innerWidth - width)}px`;
}

function clamp(value, most) {
  return Math.max(GAP, Math.min(value, most - GAP));
}
