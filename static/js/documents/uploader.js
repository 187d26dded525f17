/** `<rz-uploader>`: many files at once, by dropping them anywhere or by choosing them, each with its own progress. */
import { refusal } from "razgovor/documents/checks.js";
import { Queue } from "razgovor/documents/queue.js";
import { transfer } from "razgovor/documents/transfer.js";
import { messagesOf } from "razgovor/ui/messages.js";
import { bytes } from "razgovor/ui/numbers.js";
import { toast } from "razgovor/ui/toast.js";

const AT_ONCE = 3;

export class Uploader extends HTMLElement {
  connectedCallback() {
    this.messages = messagesOf("document-messages");
    this.form = this.querySelector("form");
    this.input = this.form.elements.file;
    this.queue = new Queue(AT_ONCE);
    const kinds = this.querySelector(".drop-kinds");
    kinds.textContent = kinds.textContent.replaceAll(",", ", ");
    this.underWay = new Set();
    this.input.addEventListener("change", () => this.#chosen());
    this.#listenForDrops();
    window.addEventListener("beforeunload", (event) => this.underWay.size && event.preventDefault());
    this.#chosen(); // whoever was quicker than this script
  }

  #chosen() {
    this.add(this.input.files);
    this.input.value = ""; // choosing the same file again is a change again
  }

  add(files) {
    for (const file of files) this.#begin(file);
  }

  #begin(file) {
    const row = this.#part("upload-template").content.cloneNode(true).firstElementChild;
    row.querySelector("[data-part=name]").textContent = file.name;
    row.querySelector("[data-part=name-again]").textContent = file.name;
    this.#part("uploads").append(row);
    const refused = refusal(file, { maxBytes: Number(this.dataset.maxBytes), accepted: this.dataset.accepted });
    if (refused) {
      row.querySelector("[data-action=cancel]").addEventListener("click", () => row.remove());
      this.#fail(row, this.#refusalText(refused), false);
      return;
    }
    this.#enqueue(row, file, this.form.elements.collection?.value ?? "");
  }

  #enqueue(row, file, collection) {
    const cancel = new AbortController();
    const task = () => this.#send(row, file, collection, cancel.signal);
    this.#state(row, "waiting", this.messages.waiting);
    row.querySelector("[data-action=cancel]").onclick = () => {
      this.queue.remove(task);
      cancel.abort();
      row.remove();
    };
    row.querySelector("[data-action=retry]").onclick = () => this.#enqueue(row, file, collection);
    this.queue.add(task);
  }

  async #send(row, file, collection, signal) {
    const body = new FormData();
    body.set("csrfmiddlewaretoken", this.form.elements.csrfmiddlewaretoken.value);
    if (collection) body.set("collection", collection);
    body.set("file", file);
    this.underWay.add(row);
    this.#state(row, "uploading", this.messages.uploading);
    try {
      const documents = await transfer(this.form.action, body, {
        signal,
        report: (sent, total) => this.#progress(row, sent, total),
      });
      row.remove();
      for (const document of documents) this.#arrived(document, file.name);
    } catch (error) {
      if (error.name !== "cancelled") this.#fail(row, error.message || this.messages[error.name], error.retryable);
    } finally {
      this.underWay.delete(row);
    }
  }

  #arrived(document, name) {
    if (document.duplicate) toast(`${this.messages.duplicate} ${name}`);
    this.dispatchEvent(new CustomEvent("document:uploaded", { detail: document, bubbles: true }));
  }

  #progress(row, sent, total) {
    const bar = row.querySelector("progress");
    bar.max = total;
    bar.value = sent;
    const language = document.documentElement.lang;
    const text = sent < total ? `${bytes(sent, language)} / ${bytes(total, language)}` : this.messages.checking;
    row.querySelector("[data-part=state]").textContent = text;
  }

  #state(row, state, text) {
    row.dataset.state = state;
    row.querySelector("[data-part=state]").textContent = text;
    row.querySelector("[data-part=error]").hidden = true;
    row.querySelector("[data-action=retry]").hidden = true;
    row.querySelector("progress").value = 0;
  }

  #fail(row, text, retryable) {
    this.#state(row, "failed", "");
    const error = row.querySelector("[data-part=error]");
    error.textContent = text;
    error.hidden = false;
    row.querySelector("[data-action=retry]").hidden = !retryable;
  }

  #refusalText(name) {
    if (name === "too-large") {
      return `${this.messages[name]} ${bytes(Number(this.dataset.maxBytes), document.documentElement.lang)}.`;
    }
    return name === "unknown-type" ? `${this.messages[name]} ${this.dataset.accepted.replaceAll(",", ", ")}` : this.messages[name];
  }

  #listenForDrops() {
    const veil = this.#part("veil");
    const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
    const show = (shown) => (veil.hidden = !shown);
    window.addEventListener("dragenter", (event) => hasFiles(event) && show(true));
    window.addEventListener("dragover", (event) => {
      if (hasFiles(event)) event.preventDefault();
    });
    window.addEventListener("dragleave", (event) => event.relatedTarget === null && show(false));
    window.addEventListener("drop", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      show(false);
      this.add(event.dataTransfer.files);
    });
  }

  #part(name) {
    return this.querySelector(`[data-part=${name}]`);
  }
}
