/** The chat page's elements. */
import { Chat } from "razgovor/chat/chat.js";
import { Filter } from "razgovor/ui/filter.js";

customElements.define("rz-filter", Filter);
customElements.define("rz-chat", Chat);
