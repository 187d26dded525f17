/** Runs at most `limit` of the given tasks at once, in the order in which they came. A task returns a promise. */
export class Queue {
  #limit;
  #waiting = [];
  #running = 0;

  constructor(limit) {
    this.#limit = limit;
  }

  /** How many wait for their turn. */
  get waiting() {
    return this.#waiting.length;
  }

  add(task) {
    this.#waiting.push(task);
    this.#next();
  }

  remove(task) {
    this.#waiting = this.#waiting.filter((each) => each !== task);
  }

  clear() {
    this.#waiting = [];
  }

  async #next() {
    if (this.#running >= this.#limit || !this.#waiting.length) return;
    this.#running += 1;
    try {
      await this.#waiting.shift()();
    } finally {
      this.#running -= 1;
      this.#next();
    }
  }
}
