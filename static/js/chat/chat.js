/** `<rz-chat>`: ties the socket, the turns and the composer together. The page works without it, one reload a turn. */
import { Attachments } from "razgovor/chat/attachments.js";
import * as commands from "razgovor/chat/commands.js";
import { Composer } from "razgovor/chat/composer.js";
import { Follow } from "razgovor/chat/follow.js";
import { openLarge } from "razgovor/chat/pictures.js";
import { failLocally, isFinal, isGap, newTurn, reduce } from "razgovor/chat/reducer.js";
import { onRename, renameConversation, showConversation } from "razgovor/chat/sidebar.js";
import { Socket } from "razgovor/ui/socket.js";
import { SourcePanel } from "razgovor/chat/source-panel.js";
import { lightUpCitations } from "razgovor/chat/sources-view.js";
import { TurnView } from "razgovor/chat/turn-view.js";
import { messagesOf } from "razgovor/ui/messages.js";
import { flash, toast } from "razgovor/ui/toast.js";

const REFETCH_MS = 3000;

export class Chat extends HTMLElement {
  /** id -> {state, view, command}: `state` is null for turns that were over when the page was loaded. */
  #turns = new Map();

  connectedCallback() {
    this.messages = messagesOf("chat-messages");
    this.thread = this.#part("thread");
    this.composer = new Composer(this.#part("composer"), this.messages);
    this.attachments = new Attachments(this.#part("composer"), this, (text) => this.#announce(text));
    this.scroll = new Follow(this.thread, this.#part("jump"));
    this.socket = new Socket(this.dataset.socketUrl, { expectsWords: () => this.#running().length > 0 });
    for (const article of this.thread.querySelectorAll(".turn")) this.#adopt(article);
    this.#listen();
    this.#settle();
    if (this.#turns.size && !location.hash) this.scroll.toEnd();
    this.socket.connect();
  }

  #listen() {
    this.composer.addEventListener("ask", (event) => this.#ask(event.detail));
    this.composer.addEventListener("stop", () => this.#running().forEach(({ state }) => this.#stop(state.id)));
    this.socket.addEventListener("open", () => this.#running().forEach((turn) => this.#pursue(turn)));
    this.socket.addEventListener("frame", (event) => this.#frame(event.detail));
    this.socket.addEventListener("trouble", (event) => this.#trouble(event.detail));
    this.thread.addEventListener("submit", (event) => this.#retryAsked(event));
    this.thread.addEventListener("click", (event) => this.#copyAsked(event));
    onRename(({ id, title }) => id === this.dataset.conversation && this.#title(title));
    lightUpCitations(this.thread);
    openLarge(this.thread, this.#part("lightbox"));
    new SourcePanel(this.#part("panel"), this.thread);
    this.thread.addEventListener("keydown", closeReason);
  }

  // --- turns ---------------------------------------------------------------------------------------------------------

  #adopt(article) {
    const view = new TurnView(article, this.#part("source-template"));
    const running = article.dataset.status === "running";
    // Not shown before its replay begins, so that what the server had rendered stays in view until then.
    this.#turns.set(view.id, { state: running ? newTurn(view.id, view.question) : null, view, command: null });
  }

  #running() {
    return [...this.#turns.values()].filter(({ state }) => state && !isFinal(state));
  }

  #ask({ text, collectionIds }) {
    const conversationId = this.composer.conversationId || null;
    const pictures = this.attachments.take();
    const imageIds = pictures.map(({ id }) => id);
    this.#start(commands.ask({ text, conversationId, collectionIds, imageIds }), text, pictures);
  }

  /** The question stands there at once; the server's word follows. */
  #start(command, question, pictures = []) {
    this.#part("welcome")?.remove();
    const article = this.#part("turn-template").content.cloneNode(true).firstElementChild;
    this.thread.append(article);
    const turn = {
      state: newTurn(command.turn_id, question, pictures),
      view: new TurnView(article, this.#part("source-template")),
      command,
    };
    turn.view.show(turn.state);
    this.#turns.set(command.turn_id, turn);
    this.#settle();
    this.scroll.toEnd();
    this.#announce(turn.view.stageText);
    if (!this.socket.send(command)) toast(this.messages.unsent, "warning");
  }

  #stop(turnId) {
    this.socket.send(commands.stop(turnId));
  }

  /** Say again what the server has not confirmed, else go on after what we have. Both may be said any number of times. */
  #pursue({ state, command }) {
    this.socket.send(command && state.seq === 0 ? command : commands.resume(state.id, state.seq));
  }

  #advance(turn, state) {
    const before = turn.state;
    turn.state = state;
    turn.view.show(state);
    if (state.conversation !== before.conversation) this.#entered(state.conversation);
    if (isFinal(state)) this.#announce(this.messages[state.refused ? "refused" : state.status]);
    else if (state.stage !== before.stage) this.#announce(turn.view.stageText);
    this.#settle();
  }

  // --- what the server says ------------------------------------------------------------------------------------------

  #frame(frame) {
    const turn = this.#turns.get(frame.turn_id);
    switch (frame.type) {
      case "conversation.renamed":
        return this.#renamed(frame);
      case "protocol.error":
        return this.#refused(frame, turn);
      case "turn.gap":
        return turn?.state && this.#refetch(turn, frame.url);
      default:
        return turn?.state && frame.seq ? this.#event(frame, turn) : undefined;
    }
  }

  #event(event, turn) {
    if (isGap(turn.state, event)) return this.#pursue(turn);
    const state = reduce(turn.state, event);
    if (state !== turn.state) this.#advance(turn, state);
  }

  #refused(error, turn) {
    if (!turn?.state || isFinal(turn.state)) {
      toast(error.message, "error");
      return;
    }
    if (turn.state.seq > 0) {
      toast(error.message, "error");
      return;
    }
    this.composer.giveBack(turn.state.question);
    this.attachments.giveBack(turn.state.pictures);
    this.#advance(turn, failLocally(turn.state, error));
  }

  /** The log of this turn is gone: the server's own rendering of it takes the turn's place. */
  async #refetch(turn, url) {
    let article = null;
    try {
      const response = await fetch(url, { headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      article = response.ok ? page.querySelector(`[data-turn="${CSS.escape(turn.state.id)}"]`) : null;
    } catch {
      // no network: treated like a page that does not have the turn
    }
    if (!article) {
      toast(this.messages.unloadable, "error");
      return;
    }
    turn.view.article.replaceWith(article);
    this.#adopt(article);
    const fresh = this.#turns.get(turn.state.id);
    if (fresh.state) setTimeout(() => this.#refetch(fresh, url), REFETCH_MS);
    else this.#announce(this.messages[article.dataset.status] ?? "");
    this.#settle();
  }

  #entered({ id, title, url }) {
    this.composer.conversationId = id;
    this.dataset.conversation = id;
    showConversation({ id, title, url });
    this.#title(title);
    if (location.pathname !== url) history.replaceState(null, "", url);
  }

  #renamed({ conversation_id: id, title }) {
    renameConversation(id, title);
    if (id === this.dataset.conversation) this.#title(title);
  }

  #title(title) {
    this.#part("title").textContent = title;
    const tail = document.title.split(" · ").slice(-2);
    document.title = [title, ...tail].join(" · ");
  }

  // --- the reader ----------------------------------------------------------------------------------------------------

  #retryAsked(event) {
    const view = event.target.matches("[data-part=retry]") ? this.#viewOf(event.target) : null;
    if (!view) return;
    event.preventDefault();
    if (this.#running().length) return;
    const turn = this.#turns.get(view.id);
    const known = turn.state === null || turn.state.seq > 0;
    if (known) {
      this.#start(commands.retry(view.id), view.question);
      return;
    }
    this.#ask({ text: view.question, collectionIds: null }); // with the pictures that were given back
  }

  async #copyAsked(event) {
    const button = event.target.closest("[data-action=copy]");
    if (!button) return;
    const text = this.#viewOf(button).answerText;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      copyWithoutClipboard(text);
    }
    flash(button);
  }

  #viewOf(element) {
    return this.#turns.get(element.closest(".turn")?.dataset.turn)?.view;
  }

  #settle() {
    this.composer.running = this.#running().length > 0;
  }

  #trouble(name) {
    const banner = this.#part("banner");
    banner.hidden = !name;
    banner.replaceChildren(this.messages[name] ?? "");
    if (name === "signed-out") {
      const link = document.createElement("a");
      link.href = `${this.dataset.loginUrl}?next=${encodeURIComponent(location.pathname)}`;
      link.textContent = this.messages["sign-in"];
      banner.append(" ", link);
    }
  }

  #announce(text) {
    this.#part("live").textContent = text;
  }

  #part(name) {
    return this.querySelector(`[data-part=${name}]`);
  }
}

/** The reason for a marked sentence may cover what somebody wants to read. */
function closeReason(event) {
  if (event.key === "Escape") event.target.closest(".unsupported")?.blur();
}

/** `navigator.clipboard` exists only with TLS or on localhost; the old way works in offices too. */
function copyWithoutClipboard(text) {
  const field = document.createElement("textarea");
  field.className = "visually-hidden";
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}
