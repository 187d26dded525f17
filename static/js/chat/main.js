/** The chat page's elements. */
import { Chat } from "razgovor/chat/chat.js";
import { Rating } from "razgovor/chat/rating.js";
import "razgovor/chat/sidebar.js";
import { Filter } from "razgovor/ui/filter.js";

customElements.define("rz-filter", Filter);
customElements.define("rz-rating", Rating);
customElements.define("rz-chat", Chat);
