/** The document page's elements. */
import { Documents } from "razgovor/documents/documents.js";
import { Uploader } from "razgovor/documents/uploader.js";
import { Filter } from "razgovor/ui/filter.js";

customElements.define("rz-filter", Filter);
customElements.define("rz-documents", Documents);
customElements.define("rz-uploader", Uploader);
