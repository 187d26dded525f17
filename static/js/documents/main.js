/** The document page's elements. */
import { Documents } from "razgovor/documents/documents.js";
import { Uploader } from "razgovor/documents/uploader.js";

// What the browser goes back to is loaded anew: the list has changed since, and scripts hold on to parts of the page.
window.htmx.config.refreshOnHistoryMiss = true;

customElements.define("rz-documents", Documents);
customElements.define("rz-uploader", Uploader);
