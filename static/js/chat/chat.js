/** `<rz-chat>`: ties the socket, the turns and the composer together. The page works without it, one reload a turn. */
import { announce, newsOf } from "razgovor/chat/announcing.js";
import { Attachments } from "razgovor/chat/attachments.js";
import { Branches, cutFrom, showSiblings, siblingsOf } from "razgovor/chat/branches.js";
import { CitationHint } from "razgovor/chat/citation-hint.js";
import * as commands from "razgovor/chat/commands.js";
import { CompareMenu, Comparisons, goesOnFrom, nameOf, stopOf } from "razgovor/chat/comparison.js";
import { Composer } from "razgovor/chat/composer.js";
import { copyAsked } from "razgovor/chat/copying.js";
import { DraftKeeper } from "razgovor/chat/draft-keeper.js";
import { Followups } from "razgovor/chat/followups.js";
import { Follow } from "razgovor/chat/follow.js";
import { openLarge } from "razgovor/chat/pictures.js";
import { failLocally, isFinal, isGap, newTurn, reduce } from "razgovor/chat/reducer.js";
import { idsOf } from "razgovor/chat/scope.js";
import { readAloud } from "razgovor/chat/read-aloud.js";
import { addShortcuts } from "razgovor/chat/shortcuts.js";
import { onRename, renameConversation, showConversation } from "razgovor/chat/sidebar.js";
import { Socket } from "razgovor/ui/socket.js";
import { SourcePanel } from "razgovor/chat/source-panel.js";
import { lightUpCitations } from "razgovor/chat/sources-view.js";
import { showTrouble } from "razgovor/chat/trouble.js";
import { TurnView } from "razgovor/chat/turn-view.js";
import { messagesOf } from "razgovor/ui/messages.js";
import { toast } from "razgovor/ui/toast.js";

const REFETCH_MS = 3000;

export class Chat extends HTMLElement {
  /** id -> {state, view, command, stopping}: `state` is null for turns that were over when the page was loaded. */
  #turns = new Map();

  connectedCallback() {
    this.messages = messagesOf("chat-messages");
    this.thread = this.#part("thread");
    this.composer = new Composer(this.#part("composer"), this.thread, this.messages);
    this.branches = new Branches(this.thread, this.#part("editor-template"));
    this.attachments = new Attachments(this.#part("composer"), this, (text) => this.#announce([text]));
    this.compareMenu = new CompareMenu(this.#part("composer"), this.messages);
    this.comparisons = new Comparisons(this.thread, (name) => this.#part(`${name}-template`));
    this.scroll = new Follow(this.thread, this.#part("jump"));
    this.socket = new Socket(this.dataset.socketUrl, { expectsWords: () => this.#running().length > 0 });
    for (const article of this.thread.querySelectorAll(".turn")) this.#adopt(article);
    this.followups = new Followups(this.#part("followups"));
    this.#resumeComposing();
    this.#listen();
    this.#settle();
    if (this.#turns.size && !location.hash) this.scroll.toEnd();
    this.socket.connect();
  }

  /** A question goes on where the one before it was asked; what was typed and not sent comes back. */
  #resumeComposing() {
    const last = [...this.#turns.values()].at(-1)?.view;
    this.composer.scope.choose(last?.scope ?? []);
    this.drafts = new DraftKeeper({
      field: this.composer.field,
      scope: this.composer.scope,
      owner: this.dataset.owner,
      conversationId: this.dataset.conversation,
      asked: last?.question,
    });
  }

  #listen() {
    this.composer.addEventListener("ask", (event) => this.#ask(event.detail));
    this.composer.addEventListener("stop", () => this.#running().forEach(({ state }) => this.#stop(state.id)));
    this.socket.addEventListener("open", () => this.#running().forEach((turn) => this.#reconnected(turn)));
    this.socket.addEventListener("frame", (event) => this.#frame(event.detail));
    const about = { messages: this.messages, loginUrl: this.dataset.loginUrl };
    this.socket.addEventListener("trouble", (event) => showTrouble(this.#part("banner"), event.detail, about));
    this.thread.addEventListener("submit", (event) => this.#retryAsked(event));
    this.thread.addEventListener("click", (event) => copyAsked(event, (button) => this.#viewOf(button), this.dataset.turnsUrl));
    this.branches.addEventListener("ask", (event) => this.#edited(event.detail));
    this.branches.addEventListener("page", (event) => this.#pageAsked(event));
    this.branches.addEventListener("failed", () => toast(this.messages.unloadable, "error"));
    this.comparisons.addEventListener("stop", (event) => this.#stop(event.detail));
    this.comparisons.addEventListener("judged", (event) => this.#judged(event.detail));
    this.comparisons.addEventListener("page", (event) => this.#pageAsked(event));
    this.comparisons.addEventListener("failed", (event) => toast(this.messages[event.detail], "error"));
    onRename(({ id, title }) => id === this.dataset.conversation && this.#title(title));
    lightUpCitations(this.thread);
    new CitationHint(this.thread);
    openLarge(this.thread, this.#part("lightbox"));
    new SourcePanel(this.#part("panel"), this.thread);
    this.thread.addEventListener("keydown", closeReason);
    addShortcuts(this);
    readAloud(this.thread);
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

  #ask({ text, scope, own }) {
    const conversationId = this.composer.conversationId || null;
    const parentId = this.dataset.end || undefined;
    const { providerIds, names, blind } = this.compareMenu.chosen;
    if (providerIds.length === 1) {
      this.composer.giveBack(text);
      return toast(this.messages["compare-too-few"], "warning");
    }
    const pictures = own ? this.attachments.take() : []; // else they are of the question that is being typed
    const imageIds = pictures.map(({ id }) => id);
    const place = { conversationId, parentId, imageIds, ...idsOf(scope) };
    const command = commands.ask({ text, ...place, providerIds, blind });
    if (command.compare) this.#compare(command, text, names, { scope, pictures });
    else this.#start(command, text, { scope, pictures });
  }

  #compare(command, question, names, { scope, pictures }) {
    this.#clearInvitations();
    const articles = this.comparisons.begin(commands.turnsOf(command), names, { question, scope, pictures });
    const turns = articles.map(({ id, article }) => this.#await(id, article, { command, question, scope, pictures }));
    this.#send(command, turns[0]);
  }

  /** Examples, and what could be asked next. */
  #clearInvitations() {
    const welcome = this.#part("welcome");
    this.composer.keepKeyboard(welcome, this.#part("followups"));
    welcome?.remove();
    this.followups.clear();
  }

  /** The question stands there at once; the server's word follows. What was below `instead` is another branch now. */
  #start(command, question, { scope, pictures = [], instead = null }) {
    this.#clearInvitations();
    const replaced = instead ? cutFrom(instead.view.article) : [];
    const article = this.#part("turn-template").content.cloneNode(true).firstElementChild;
    this.#part("followups").before(article);
    const turn = this.#await(command.turn_id, article, { command, question, scope, pictures, replaced });
    if (instead) this.#standBeside(instead, article);
    this.#send(command, turn);
  }

  #await(id, article, { command, question, scope, pictures, replaced = null }) {
    const view = new TurnView(article, this.#part("source-template"));
    const turn = { state: newTurn(id, question, pictures), view, command, replaced };
    view.show(turn.state);
    view.showScope(scope);
    this.#turns.set(id, turn);
    return turn;
  }

  #send(command, turn) {
    this.#settle();
    this.scroll.toEnd();
    this.#announce([turn.view.stageText]);
    if (!this.socket.send(command)) toast(this.messages.unsent, "warning");
  }

  /** The keyboard's place was in the turn that is no longer shown. */
  #standBeside(old, article) {
    showSiblings(article, [...(isKnown(old) ? siblingsOf(old.view.article) : []), article.dataset.turn]);
    article.tabIndex = -1;
    article.focus({ preventScroll: true });
  }

  /** What was not confirmed, and cannot be spoken of, has not been asked. */
  #stop(turnId) {
    const turn = this.#turns.get(turnId);
    if (!turn?.state || isFinal(turn.state)) return;
    turn.stopping = true;
    if (this.socket.send(commands.stop(turnId))) return;
    if (this.#askedWith(turn).some(isKnown)) toast(this.messages["stop-waits"], "warning");
    else this.#refused({ code: "turn.taken_back", message: this.messages["taken-back"] }, turn);
  }

  /** The turns of one command, itself among them. */
  #askedWith(turn) {
    return turn.command ? [...this.#turns.values()].filter(({ command }) => command === turn.command) : [turn];
  }

  #reconnected(turn) {
    this.#pursue(turn);
    if (turn.stopping) this.socket.send(commands.stop(turn.state.id));
  }

  /** Say again what the server has not confirmed, else go on after what we have. Both may be said any number of times. */
  #pursue({ state, command }) {
    this.socket.send(command && state.seq === 0 ? command : commands.resume(state.id, state.seq));
  }

  #advance(turn, state) {
    const before = turn.state;
    turn.state = state;
    if (isFinal(state)) this.composer.keepKeyboard(stopOf(turn.view.article));
    turn.view.show(state);
    if (state.seq > 0) turn.replaced = null; // nobody takes that back any more
    if (state.conversation !== before.conversation) this.#entered(state);
    this.#announce(newsOf(before, state, turn.view.stageText, this.messages), turn.view);
    this.#settle();
    if (isFinal(state) && state.seq > 0) this.comparisons.ended(turn.view.article);
    if (state.status === "completed" && !state.refused && turn === [...this.#turns.values()].at(-1)) {
      this.followups.show(`${this.dataset.turnsUrl}${state.id}/`);
    }
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
    if (!turn?.state || isFinal(turn.state) || turn.state.seq > 0) return toast(error.message, "error");
    if (turn.replaced?.length) return this.#putBack(turn, error);
    this.composer.giveBack(turn.state.question);
    this.attachments.giveBack(turn.state.pictures);
    for (const each of this.#askedWith(turn)) this.#advance(each, failLocally(each.state, error));
  }

  /** No branch came of it: what was shown is shown again, and what was written is in its field. */
  #putBack({ state, view, replaced }, error) {
    view.article.replaceWith(...replaced);
    this.#turns.delete(state.id);
    this.#settle();
    toast(error.message, "error");
    const old = this.#turns.get(replaced[0].dataset.turn);
    if (state.question !== old.view.question) this.branches.edit(old.view.article, state.question);
  }

  /** The log of this turn is gone: the server's own rendering of it takes the turn's place. */
  async #refetch(turn, url) {
    const article = await turnAt(url, turn.state.id);
    if (!article) return toast(this.messages.unloadable, "error");
    turn.view.article.replaceWith(article);
    this.#adopt(article);
    const fresh = this.#turns.get(turn.state.id);
    if (fresh.state) setTimeout(() => this.#refetch(fresh, url), REFETCH_MS);
    else {
      this.#announce([this.messages[article.dataset.status]], fresh.view);
      this.comparisons.ended(article);
    }
    this.#settle();
  }

  #entered({ id: turnId, conversation: { id, title, url } }) {
    this.dataset.end = goesOnFrom(this.#turns.get(turnId).view.article);
    this.composer.conversationId = id;
    this.drafts.accepted(id);
    this.dataset.conversation = id;
    showConversation({ id, title, url });
    this.#title(title);
    if (location.pathname + location.search !== url) history.replaceState(null, "", url);
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
    if (!event.target.matches("[data-part=retry], [data-part=go-on]")) return;
    event.preventDefault();
    const { name, value } = event.submitter ?? {};
    const turn = this.#turns.get(this.#viewOf(event.target).id);
    this.#again(turn, { providerId: name === "provider_id" ? value : null, goOn: name === "go_on" });
  }

  /** While another answer is written, the field stays open. */
  #edited({ turnId, text, close }) {
    if (!this.#running().length) close();
    this.#again(this.#turns.get(turnId), { text });
  }

  /** What never reached the server is asked as it was going to be; anything else gets a turn beside it. */
  #again(turn, { text = null, providerId = null, goOn = false }) {
    if (this.#running().length) return toast(this.messages["still-answering"], "warning");
    const { view, command } = turn;
    const question = text ?? view.question;
    const about = { scope: view.scope, instead: turn };
    if (isKnown(turn)) {
      this.#start(goOn ? commands.goOn(view.id) : commands.retry(view.id, { text, providerId }), question, about);
      return;
    }
    const pictures = turn.state.pictures.length ? this.attachments.take() : []; // they were given back
    this.#start(commands.again(command, question, pictures.map(({ id }) => id)), question, { pictures, ...about });
  }

  /** A question that the server has not confirmed is nowhere but in this thread. */
  #pageAsked(event) {
    if (this.#running().every(isKnown)) return this.#showPage(event.detail);
    event.preventDefault();
    toast(this.messages["still-answering"], "warning");
  }

  /** Another version of a question: its thread takes the place of this one. */
  #showPage({ url, chat }) {
    this.scroll.release();
    this.#turns.clear();
    this.thread.replaceChildren(...chat.querySelector("[data-part=thread]").childNodes);
    for (const article of this.thread.querySelectorAll(".turn")) this.#adopt(article);
    globalThis.htmx?.process(this.thread);
    this.followups = new Followups(this.#part("followups"));
    this.dataset.end = chat.dataset.end;
    history.replaceState(null, "", url);
    this.#running().forEach((turn) => this.#pursue(turn));
    this.#settle();
  }

  /** Where nothing was asked below it yet, the next question follows the better answer. */
  #judged(section) {
    const end = this.dataset.end;
    if (end && section.querySelector(`[data-turn="${CSS.escape(end)}"]`)) this.dataset.end = section.dataset.goesOn;
  }

  #viewOf(element) {
    return this.#turns.get(element.closest(".turn")?.dataset.turn)?.view;
  }

  #settle() {
    this.composer.running = this.#running().length > 0;
  }

  /** Of several that answer at once, which. */
  #announce(lines, view = null) {
    const name = view && nameOf(view.article);
    announce(this.#part("live"), name ? lines.filter(Boolean).map((line) => `${name}: ${line}`) : lines);
  }

  #part(name) {
    return this.querySelector(`[data-part=${name}]`);
  }
}

/** Whether the server has heard of the turn. */
const isKnown = ({ state, command }) => !command || state.seq > 0;

/** The server's rendering of a turn, or null; no network is treated like a page that does not have it. */
async function turnAt(url, id) {
  try {
    const response = await fetch(url, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    return response.ok ? page.querySelector(`[data-turn="${CSS.escape(id)}"]`) : null;
  } catch {
    return null;
  }
}

/** The reason for a marked sentence may cover what somebody wants to read. */
function closeReason(event) {
  if (event.key === "Escape") event.target.closest(".unsupported")?.blur();
}
