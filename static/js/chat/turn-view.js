/** A turn on the page. It is given one state after another and touches only what differs between two. */
import { showPictures } from "razgovor/chat/pictures.js";
import { isFinal } from "razgovor/chat/reducer.js";
import { showTargets, targetsIn } from "razgovor/chat/scope.js";
import { SourcesView } from "razgovor/chat/sources-view.js";
import { localiseNumbers } from "razgovor/ui/numbers.js";

export class TurnView {
  #parts = {};
  #sources;
  #shown = null;
  #whole = null;

  /** `article` is a `.turn`, from the server or from the page's template; `sourceTemplate` makes a passage's card. */
  constructor(article, sourceTemplate) {
    this.article = article;
    for (const part of article.querySelectorAll("[data-part]")) this.#parts[part.dataset.part] ??= part;
    this.#sources = new SourcesView(this.#parts.sources, sourceTemplate);
    localiseNumbers(article);
    letKeysScroll(this.#parts.answer);
  }

  get id() {
    return this.article.dataset.turn;
  }

  get question() {
    return this.#parts.question.textContent;
  }

  /** What the question is searched in. */
  get scope() {
    return targetsIn(this.#parts.scope);
  }

  showScope(targets) {
    showTargets(this.#parts.scope, this.#parts["scope-template"], targets);
  }

  show(state) {
    const before = this.#shown;
    this.#shown = state;
    if (!before) this.#begin(state);
    if (state === before) return;
    if (state.question !== before?.question) this.#showQuestion(state.question);
    if (state.pictures !== before?.pictures) showPictures(this.#parts.pictures, state.pictures);
    if (state.stage !== before?.stage) this.#showStage(state.stage);
    if (state.sources !== before?.sources) this.#sources.show(state.sources, state);
    if (state.cited !== before?.cited) this.#sources.cite(state.cited);
    if (isFinal(state)) this.#end(state);
    else if (state.html !== null) this.#showWhole(state);
    else if (state.blocks !== before?.blocks) this.#showBlocks(state.blocks, before?.blocks ?? []);
  }

  /** What the server had rendered of a running turn is replaced by its replay, never continued. */
  #begin(state) {
    this.article.id = `turn-${state.id}`;
    this.article.dataset.turn = state.id;
    this.article.dataset.status = "running";
    this.article.removeAttribute("data-refused");
    this.#parts.answer.replaceChildren();
    for (const name of [
      ...["foot", "check", "retry", "notice", "error", "refused", "from-pictures"],
      ...["ask-owner", "stopped", "interrupted", "go-on"],
    ]) {
      this.#parts[name].hidden = true;
    }
    this.#parts.stage.hidden = false;
  }

  #showQuestion(text) {
    this.#parts.question.textContent = text;
  }

  #showStage(stage) {
    for (const line of this.#parts.stage.querySelectorAll("[data-stage]")) line.hidden = line.dataset.stage !== stage;
  }

  /** The words of the stage that is under way, for the live region. */
  get stageText() {
    return this.#parts.stage.querySelector("[data-stage]:not([hidden])")?.textContent ?? "";
  }

  #showBlocks(blocks, before) {
    const { answer } = this.#parts;
    blocks.forEach((html, index) => {
      if (html === before[index]) return;
      if (!answer.children[index]) {
        const block = document.createElement("div");
        block.className = "block";
        answer.append(block);
      }
      answer.children[index].innerHTML = html; // sanitised by the server, like all HTML of an answer
    });
  }

  /** The whole answer, with what a check of it has found. It is not touched again, so that a mark keeps the focus. */
  #showWhole({ html, checkSummary }) {
    const { answer, check } = this.#parts;
    if (html !== null && html !== this.#whole) answer.innerHTML = html; // sanitised by the server as well
    this.#whole = html;
    check.hidden = !checkSummary;
    check.querySelector("span").textContent = checkSummary;
  }

  #end(state) {
    const parts = this.#parts;
    this.article.dataset.status = state.status;
    this.article.toggleAttribute("data-refused", state.refused);
    parts.stage.hidden = true;
    this.#showWhole(state);
    letKeysScroll(parts.answer);
    parts.answer.lang = state.language;
    parts.refused.hidden = !state.refused;
    parts["from-pictures"].hidden = !state.fromPictures;
    this.#offerTheOwner(state.id);
    parts.stopped.hidden = state.status !== "stopped";
    parts["go-on"].hidden = !state.canGoOn;
    parts.cut.hidden = state.status !== "completed";
    this.#sentence(parts.notice, state.notice);
    this.#sentence(parts.error, state.error?.message);
    parts.foot.hidden = false;
    parts.retry.hidden = state.error?.retryable === false;
    this.#sources.settle(state.refused ? [] : citedIn(parts.answer), state);
    this.#showFigures(state);
  }

  /** The style sheet shows it below a refusal and what was rated down. */
  #offerTheOwner(turnId) {
    const part = this.#parts["ask-owner"];
    part.hidden = false;
    const field = part.querySelector("[name=turn_id]");
    if (field) field.value = turnId;
    globalThis.htmx?.process(part);
  }

  #sentence(part, text) {
    part.hidden = !text;
    part.querySelector("p").textContent = text ?? "";
  }

  #showFigures({ model, elapsedMs, firstWordMs, usage, context }) {
    const parts = this.#parts;
    parts.model.textContent = model;
    parts.model.hidden = !model;
    parts.elapsed.hidden = elapsedMs === null;
    parts.elapsed.querySelector("data").value = elapsedMs ?? "";
    parts["first-word"].hidden = firstWordMs === null;
    parts["first-word"].querySelector("data").value = firstWordMs ?? "";
    parts.tokens.hidden = usage?.prompt_tokens == null && usage?.completion_tokens == null;
    parts["prompt-tokens"].value = usage?.prompt_tokens ?? "";
    parts["completion-tokens"].value = usage?.completion_tokens ?? "";
    this.#showContext(context);
    localiseNumbers(parts.foot);
  }

  /** How full the model's context was, and which earlier questions it no longer held. */
  #showContext(context) {
    const parts = this.#parts;
    parts.context.hidden = !context;
    parts.forgotten.hidden = !context || context.remembered === context.earlier;
    if (!context) return;
    parts["context-meter"].max = context.size;
    parts["context-meter"].value = context.used;
    parts["context-used"].value = context.used;
    parts["context-size"].value = context.size;
    parts.remembered.value = context.remembered;
    parts.earlier.value = context.earlier;
  }

  /** The answer as plain text, its citations as `[n]`. */
  get answerText() {
    const copy = this.#parts.answer.cloneNode(true);
    for (const why of copy.querySelectorAll(".unsupported-why")) why.remove();
    for (const link of copy.querySelectorAll("a.cite")) link.textContent = `[${link.dataset.cite}]`;
    this.article.append(copy); // `innerText` knows about lines only where there is a layout
    const text = copy.innerText;
    copy.remove();
    return text.trim();
  }
}

/** Code and tables that are wider than the page: whoever has no mouse scrolls them with the arrow keys. */
function letKeysScroll(answer) {
  for (const wide of answer.querySelectorAll("pre, table")) {
    if (wide.scrollWidth > wide.clientWidth) wide.tabIndex = 0;
  }
}

function citedIn(answer) {
  return [...new Set([...answer.querySelectorAll("[data-cite]")].map((link) => Number(link.dataset.cite)))];
}
