/** Hides the list at the side and shows it again. On a phone it is a drawer; on a wide screen the choice is remembered on
 * this device, and read by `components/theme.html` before painting. */
import { shortcut } from "razgovor/ui/shortcuts.js";

const KEY = "sidebar";
const NARROW = matchMedia("(width < 48rem)");
const root = document.documentElement;
const sidebar = document.getElementById("sidebar");

function toggle() {
  if (NARROW.matches) return sidebar.togglePopover();
  const hidden = root.dataset.sidebar !== "hidden";
  if (hidden) root.dataset.sidebar = "hidden";
  else delete root.dataset.sidebar;
  try {
    localStorage.setItem(KEY, hidden ? "hidden" : "");
  } catch {
    // storage is forbidden: the choice lasts as long as the page
  }
}

if (sidebar) {
  shortcut("sidebar", toggle);
  document.querySelector("[popovertarget=sidebar]")?.addEventListener("click", (event) => {
    if (NARROW.matches) return;
    event.preventDefault();
    toggle();
  });
}
