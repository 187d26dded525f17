/**
 * Pictures that go along with the next question: chosen, photographed, pasted, dropped, or taken from a video. Each is
 * sent to the server at once, and shown as the server has kept it; the question waits for those that are on their way.
 */
import { isSuggestion } from "razgovor/chat/composer.js";
import { framesOf } from "razgovor/chat/frames.js";
import { messagesOf } from "razgovor/ui/messages.js";
import { toast } from "razgovor/ui/toast.js";

const isPicture = ({ type }) => type.startsWith("image/");
const isVideo = ({ type }) => type.startsWith("video/");

export class Attachments {
  /** Element of the tray -> its picture as the server knows it, null while it is on its way. */
  #items = new Map();
  #framing = 0;
  #waiting = null;
  #form;
  #menu;
  #tray;
  #announce;
  #messages = messagesOf("attach-messages");

  /** `form` is the composer's, `page` is where files may be dropped, `announce` speaks to screen readers. */
  constructor(form, page, announce) {
    this.#form = form;
    this.#menu = form.querySelector("[data-part=attach]");
    this.#tray = form.querySelector("[data-part=attached]");
    this.#announce = announce;
    form.addEventListener("submit", (event) => this.#holdBack(event), true);
    form.addEventListener("paste", (event) => this.#pasted(event));
    this.#menu.addEventListener("change", (event) => this.#chosen(event.target));
    this.#tray.addEventListener("click", (event) => this.#removeAsked(event.target.closest("button")));
    this.#acceptDrops(page);
  }

  /** What goes with the question that is asked now: `{id, url, name, width, height}` each. The tray is empty then. */
  take() {
    const pictures = [...this.#items.values()].filter(Boolean);
    this.#items.clear();
    this.#show();
    return pictures;
  }

  /** Put pictures back that a question could not be asked with. */
  giveBack(pictures) {
    for (const picture of this.#fitting(pictures)) this.#arrived(this.#add(picture.name), picture);
  }

  // --- where they come from ----------------------------------------------------------------------------------------

  #chosen(input) {
    const files = [...input.files];
    input.value = ""; // so that the same one can be chosen again
    this.#menu.open = false;
    this.#form.querySelector("textarea").focus();
    this.#attach(files);
  }

  /** Office programs put a picture of the text beside the text; then the text is meant. */
  #pasted(event) {
    const { files, types } = event.clipboardData;
    if (types.includes("text/plain") || ![...files].some(isPicture)) return;
    event.preventDefault();
    this.#attach([...files]);
  }

  #acceptDrops(page) {
    const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
    page.addEventListener("dragover", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      this.#form.classList.add("is-dropping");
    });
    page.addEventListener("dragleave", (event) => {
      if (!page.contains(event.relatedTarget)) this.#form.classList.remove("is-dropping");
    });
    page.addEventListener("drop", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      this.#form.classList.remove("is-dropping");
      this.#attach([...event.dataTransfer.files]);
    });
  }

  // --- what becomes of them ----------------------------------------------------------------------------------------

  #attach(files) {
    const { why } = this.#menu.dataset;
    if (why) return toast(why, "warning");
    const fitting = files.filter((file) => isPicture(file) || isVideo(file));
    if (fitting.length < files.length) toast(this.#messages["no-picture"], "warning");
    this.#fitting(fitting).forEach((file) => (isVideo(file) ? this.#takeFrames(file) : this.#upload(file)));
  }

  get #room() {
    return Math.max(0, Number(this.#menu.dataset.most) - this.#items.size);
  }

  /** As many as there is room for. */
  #fitting(files) {
    const room = this.#room;
    if (files.length > room) toast(this.#messages["too-many"], "warning");
    return files.slice(0, room);
  }

  async #takeFrames(file) {
    this.#framing += 1;
    try {
      const frames = await framesOf(file, this.#room);
      this.#fitting(frames).forEach((frame) => this.#upload(frame)); // others may have come meanwhile
    } catch {
      toast(this.#messages["no-frames"], "error");
    } finally {
      this.#framing -= 1;
      this.#goOn();
    }
  }

  async #upload(file) {
    const item = this.#add(file.name);
    const body = new FormData();
    body.set("image", file);
    try {
      const response = await this.#post(this.#menu.dataset.url, body);
      const answer = await response.json();
      if (!response.ok) throw new Error(answer.error?.message);
      if (this.#items.has(item)) this.#arrived(item, answer);
      else this.#forget(answer); // it was removed meanwhile
    } catch (error) {
      this.#items.delete(item);
      this.#waiting = null; // whoever asks without it shall decide so
      toast((error instanceof TypeError || error instanceof SyntaxError ? "" : error.message) || this.#messages.unsent, "error");
    }
    this.#show();
    this.#goOn();
  }

  #add(name) {
    const item = this.#form.querySelector("[data-part=attached-template]").content.cloneNode(true).firstElementChild;
    item.querySelector("[data-name]").textContent = name;
    this.#items.set(item, null);
    this.#show();
    return item;
  }

  #arrived(item, picture) {
    const image = item.querySelector("img");
    Object.assign(image, { src: picture.url, alt: picture.name, hidden: false });
    item.querySelector(".pulse").hidden = true;
    item.removeAttribute("aria-busy");
    this.#items.set(item, picture);
    this.#announce(`${this.#messages.attached} ${picture.name}`);
  }

  #removeAsked(button) {
    const item = button?.closest("li");
    if (!item) return;
    const picture = this.#items.get(item);
    const next = item.nextElementSibling ?? item.previousElementSibling;
    this.#items.delete(item);
    this.#show();
    (next?.querySelector("button") ?? this.#form.querySelector("textarea")).focus();
    this.#announce(`${this.#messages.removed} ${item.querySelector("[data-name]").textContent}`);
    if (picture) this.#forget(picture);
  }

  /** The server would forget it by itself, a day later. */
  #forget({ url }) {
    this.#post(`${url}remove/`).catch(() => {});
  }

  #post(url, body) {
    const token = this.#form.elements.csrfmiddlewaretoken.value;
    return fetch(url, { method: "POST", body, headers: { "X-CSRFToken": token, Accept: "application/json" } });
  }

  #show() {
    this.#tray.replaceChildren(...this.#items.keys());
    this.#tray.hidden = this.#items.size === 0;
  }

  // --- the question waits for them ---------------------------------------------------------------------------------

  get #isBusy() {
    return this.#framing > 0 || [...this.#items.values()].includes(null);
  }

  /** Before the composer hears of it. */
  #holdBack(event) {
    if (!this.#isBusy || isSuggestion(event.submitter)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.#waiting = { submitter: event.submitter };
  }

  #goOn() {
    if (!this.#waiting || this.#isBusy) return;
    const { submitter } = this.#waiting;
    this.#waiting = null;
    this.#form.requestSubmit(submitter);
  }
}
