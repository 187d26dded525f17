/** `<rz-uploader>`: many files or whole folders, by dropping them anywhere or by choosing them, each with its own progress. */
import { refusal } from "razgovor/documents/checks.js";
import { chosen, dropped, readable } from "razgovor/documents/folders.js";
import { Memory } from "razgovor/documents/pieces.js";
import { Queue } from "razgovor/documents/queue.js";
import { discard, transfer } from "razgovor/documents/transfer.js";
import { messagesOf } from "razgovor/ui/messages.js";
import { bytes } from "razgovor/ui/numbers.js";
import { toast } from "razgovor/ui/toast.js";

const AT_ONCE = 3;

export class Uploader extends HTMLElement {
  connectedCallback() {
    this.messages = messagesOf("document-messages");
    this.form = this.querySelector("form");
    this.input = this.form.elements.file;
    this.folderInput = this.querySelector("#folder-files");
    this.queue = new Queue(AT_ONCE);
    this.line = {
      url: this.dataset.piecesUrl,
      token: this.form.elements.csrfmiddlewaretoken.value,
      memory: new Memory(() => window.localStorage, this.dataset.owner),
    };
    this.duplicates = [];
    const kinds = this.querySelector(".drop-kinds");
    kinds.textContent = kinds.textContent.replaceAll(",", ", ");
    this.underWay = new Set();
    this.input.addEventListener("change", () => this.#chosen());
    this.folderInput.addEventListener("change", () => this.#folderChosen());
    this.querySelector("[data-action=choose-folder]").addEventListener("click", () => this.folderInput.click());
    this.querySelector("[data-action=cancel-waiting]").addEventListener("click", () => this.#cancelWaiting());
    this.#listenForDrops();
    window.addEventListener("beforeunload", (event) => this.underWay.size && event.preventDefault());
    this.#chosen(); // whoever was quicker than this script
  }

  #chosen() {
    this.add(this.input.files);
    this.input.value = ""; // choosing the same file again is a change again
  }

  #folderChosen() {
    this.addFolders(chosen(this.folderInput.files));
    this.folderInput.value = "";
  }

  add(files) {
    for (const file of files) this.#begin(file, "");
  }

  /** `files` are [{file, folder}]. What cannot be read is only counted: a folder has much in it that nobody meant. */
  addFolders(files) {
    const { taken, skipped } = readable(files, this.dataset.accepted);
    for (const { file, folder } of taken) this.#begin(file, folder);
    if (!taken.length) toast(this.messages["nothing-in-folder"], "warning");
    else if (skipped) toast(`${this.messages.skipped} ${skipped}`);
  }

  /** Rows are made when it is a file's turn: of a folder with thousands of them, a page cannot show all. */
  #begin(file, folder) {
    const refused = refusal(file, { maxBytes: Number(this.dataset.maxBytes), accepted: this.dataset.accepted });
    if (refused) {
      const row = this.#row(file);
      row.querySelector("[data-action=cancel]").onclick = () => row.remove();
      this.#fail(row, this.#refusalText(refused), false);
      return;
    }
    const upload = { file, folder, collection: this.form.elements.collection?.value ?? "" };
    this.#enqueue(upload, null);
  }

  #row(file) {
    const row = this.#part("upload-template").content.cloneNode(true).firstElementChild;
    row.querySelector("[data-part=name]").textContent = file.name;
    for (const again of row.querySelectorAll("[data-part=name-again]")) again.textContent = file.name;
    this.#part("uploads").append(row);
    return row;
  }

  /** `row` is that of an attempt which has failed or was paused. */
  #enqueue(upload, row) {
    const stop = new AbortController();
    const halt = (reason) => {
      this.queue.remove(task);
      stop.abort(reason);
      this.#count();
    };
    const task = async () => {
      const shown = row ?? this.#row(upload.file);
      this.#steer(shown, upload, halt);
      this.#count();
      await this.#send(shown, upload, stop.signal);
    };
    if (row) {
      this.#state(row, "waiting", this.messages.waiting);
      this.#steer(row, upload, halt);
    }
    this.queue.add(task);
    this.#count();
  }

  /** What the buttons do until the upload is halted. Pause and Resume are one, so that the keyboard stays on it. */
  #steer(row, upload, halt) {
    const pause = row.querySelector("[data-action=pause]");
    const name = pause.querySelector("[data-part=pause-name]");
    row.querySelector("[data-action=cancel]").onclick = () => {
      halt("cancelled");
      discard(upload.file, upload, this.line);
      row.remove();
    };
    row.querySelector("[data-action=retry]").onclick = () => this.#enqueue(upload, row);
    name.textContent = this.messages.pause;
    pause.onclick = () => {
      halt("paused");
      row.dataset.state = "paused";
      row.querySelector("[data-part=state]").textContent = this.messages.paused;
      this.#notice(row, "paused");
      name.textContent = this.messages.resume;
      pause.onclick = () => {
        this.#enqueue(upload, row);
        this.#notice(row, "");
      };
    };
  }

  /** Show what interrupts the upload, and say it to those who do not see it: a message's name, or "" when it is over. */
  #notice(row, what) {
    const note = row.querySelector("[data-part=note]");
    const text = this.messages[what || "resumed"];
    note.hidden = !what || what === "paused";
    note.textContent = text;
    this.#part("upload-live").textContent = `${row.querySelector("[data-part=name]").textContent}: ${text}`;
  }

  async #send(row, { file, folder, collection }, signal) {
    this.underWay.add(row);
    this.#state(row, "uploading", this.messages.uploading);
    try {
      const documents = await transfer(file, { collection, folder }, {
        line: this.line,
        signal,
        report: (sent, total) => this.#progress(row, sent, total),
        notice: (what) => this.#notice(row, what),
      });
      row.remove();
      for (const document of documents) this.#arrived(document, file.name);
    } catch (error) {
      if (!signal.aborted) this.#fail(row, error.message || this.messages[error.name], error.retryable);
    } finally {
      this.underWay.delete(row);
      if (!this.underWay.size && !this.queue.waiting) this.#tellDuplicates();
    }
  }

  #arrived(document, name) {
    if (document.duplicate) this.duplicates.push(name);
    this.dispatchEvent(new CustomEvent("document:uploaded", { detail: document, bubbles: true }));
  }

  /** Once for all of them: a folder that was uploaded before is nothing but duplicates. */
  #tellDuplicates() {
    const names = this.duplicates.splice(0);
    if (names.length === 1) toast(`${this.messages.duplicate} ${names[0]}`);
    else if (names.length) toast(`${this.messages.duplicates} ${names.length}`);
  }

  #count() {
    const line = this.#part("waiting");
    line.hidden = this.queue.waiting === 0;
    this.#part("waiting-count").textContent = this.queue.waiting.toLocaleString(document.documentElement.lang);
  }

  #cancelWaiting() {
    this.queue.clear();
    this.#count();
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
    row.querySelector("[data-part=note]").hidden = true;
    row.querySelector("[data-action=pause]").hidden = state === "failed";
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
      this.#dropped(event.dataTransfer);
    });
  }

  async #dropped(transfer) {
    const { files, inFolders } = await dropped(transfer);
    this.add(files);
    if (inFolders.length) this.addFolders(inFolders);
  }

  #part(name) {
    return this.querySelector(`[data-part=${name}]`);
  }
}
