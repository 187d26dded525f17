/**
 * One WebSocket that stays open: reconnects with growing, spread-out pauses, and notices a connection that died quietly.
 *
 * Events: "open" (say again what you want), "frame" (`detail` is the decoded frame), "trouble" (`detail` is the name of
 * a sentence, or "" when all is well again).
 */
import { afterClose, delay } from "razgovor/ui/reconnect.js";

const QUIET_MS = 45_000; // a server at work says something sooner; reconnecting too early costs little
const TROUBLE_MS = 1500; // a blip need not be mentioned
const STEADY_MS = 5000; // a line that breaks sooner may break of what is said on it: no reason to call sooner again

export class Socket extends EventTarget {
  #path;
  #socket = null;
  #attempt = 0;
  #timer = null;
  #troubleTimer = null;
  #steadyTimer = null;
  #heardAt = 0;
  #waitingForReader = false;
  #ended = false;

  /** `expectsWords()` says whether the server owes us something, so that silence is a bad sign. */
  constructor(path, { expectsWords = () => false } = {}) {
    super();
    this.#path = path;
    this.expectsWords = expectsWords;
    window.addEventListener("online", () => this.#nudge());
    document.addEventListener("visibilitychange", () => !document.hidden && this.#nudge());
    window.addEventListener("pageshow", (event) => event.persisted && this.#nudge());
    setInterval(() => this.#checkPulse(), 5000);
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Whether calling again is out of the question, for example after signing out. */
  get ended() {
    return this.#ended;
  }

  connect() {
    clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#ended || (this.#socket && this.#socket.readyState <= WebSocket.OPEN)) return;
    const url = new URL(this.#path, location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url);
    this.#socket = socket;
    socket.addEventListener("open", () => socket === this.#socket && this.#opened());
    socket.addEventListener("message", (event) => socket === this.#socket && this.#heard(event.data));
    socket.addEventListener("close", (event) => socket === this.#socket && this.#closed(event.code));
  }

  /** Send if there is a connection; say whether it went. What did not go is for the "open" event to send again. */
  send(frame) {
    if (!this.isOpen) {
      if (this.#waitingForReader) this.connect();
      return false;
    }
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  #opened() {
    this.#steadyTimer = setTimeout(() => (this.#attempt = 0), STEADY_MS);
    this.#waitingForReader = false;
    this.#heardAt = Date.now();
    this.#trouble("");
    this.dispatchEvent(new Event("open"));
  }

  #heard(text) {
    this.#heardAt = Date.now();
    this.dispatchEvent(new CustomEvent("frame", { detail: JSON.parse(text) }));
  }

  #closed(code) {
    this.#socket = null;
    clearTimeout(this.#steadyTimer);
    const { again, message, wait } = afterClose(code);
    this.#ended = again === "never";
    this.#waitingForReader = again === "visible";
    if (message) this.#trouble(message, this.#ended ? 0 : TROUBLE_MS);
    if (again === "soon" || (this.#waitingForReader && !document.hidden)) this.#callAgain(wait);
  }

  #callAgain(wait = 0) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.connect(), Math.max(wait, delay(this.#attempt++)));
  }

  /** Somebody looks, or the network is back: do not wait for the pause to run out. */
  #nudge() {
    if (this.#ended) return;
    if (!this.#socket) this.connect();
    else this.#checkPulse();
  }

  #checkPulse() {
    if (!this.isOpen || !this.expectsWords() || Date.now() - this.#heardAt < QUIET_MS) return;
    const dead = this.#socket;
    this.#socket = null; // its own "close" may come minutes later and must not count
    dead.close();
    this.connect();
  }

  #trouble(message, after = 0) {
    clearTimeout(this.#troubleTimer);
    const tell = () => this.dispatchEvent(new CustomEvent("trouble", { detail: message }));
    this.#troubleTimer = after ? setTimeout(tell, after) : (tell(), null);
  }
}
