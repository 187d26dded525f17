/** Signing out takes along what was typed here and not sent. */
import { forgetDrafts } from "razgovor/ui/drafts.js";

document.addEventListener("submit", (event) => {
  if (event.target.matches("form[data-signs-out]")) forgetDrafts();
});
