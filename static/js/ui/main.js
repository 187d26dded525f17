/** What every page has. */
import "razgovor/ui/theme.js";
import "razgovor/ui/menu.js";
import "razgovor/ui/confirm.js";
import "razgovor/ui/forms.js";
import "razgovor/ui/sign-out.js";
import "razgovor/ui/sidebar-toggle.js";
import { localiseNumbers } from "razgovor/ui/numbers.js";
import { localiseTimes } from "razgovor/ui/time.js";
import { adoptToasts } from "razgovor/ui/toast.js";

for (const localise of [localiseNumbers, localiseTimes]) {
  localise(document);
  document.addEventListener("htmx:load", (event) => localise(event.target));
}
adoptToasts();
