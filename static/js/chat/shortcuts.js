/** What single keys do in a conversation. */
import { shortcut } from "razgovor/ui/shortcuts.js";

const BELOW_TOP_PX = 120;

/** `chat` is the `<rz-chat>`. */
export function addShortcuts(chat) {
  const part = (name) => chat.querySelector(`[data-part=${name}]`);
  const turns = () => [...chat.querySelectorAll(".thread > .turn")];
  shortcut("new", () => document.querySelector(".sidebar-head a")?.click());
  shortcut("find", () => find());
  shortcut("ask", () => chat.composer.focus());
  shortcut("edit", () => turns().at(-1)?.querySelector("[data-part=edit]")?.click());
  shortcut("stop", () => part("stop").hidden || part("stop").click());
  shortcut("copy", () => turns().at(-1)?.querySelector("[data-action=copy]")?.click());
  shortcut("next", () => goTo(turns()[placeOf(turns()) + 1]));
  shortcut("previous", () => goTo(turns()[Math.max(0, placeOf(turns()) - 1)]));
  shortcut("sources", () => {
    if (part("panel").open) return part("panel").close();
    const turn = turns()[placeOf(turns())] ?? turns().at(-1);
    turn?.querySelector("a.cite, a.source-link")?.click();
  });
}

function find() {
  const sidebar = document.getElementById("sidebar");
  if (!sidebar.checkVisibility()) sidebar.showPopover();
  sidebar.querySelector("[name=q]").focus();
}

/** Of the question that has the keyboard, or else is being read; -1 above the first. */
function placeOf(turns) {
  const focused = turns.findIndex((turn) => turn.contains(document.activeElement));
  return focused >= 0 ? focused : turns.findLastIndex((turn) => turn.getBoundingClientRect().top < BELOW_TOP_PX);
}

function goTo(turn) {
  if (!turn) return;
  turn.tabIndex = -1;
  turn.focus({ preventScroll: true });
  turn.scrollIntoView({ block: "start" });
}
