/** Something with one deadline. Only the wheel writes `scheduled`. */
export interface Expiring {
  /** Wheel time of expiry; 0 for none. */
  deadline: number;
  scheduled: number;
  expire(): void;
}

const SLOTS = 512;
/** The most ticks that the wheel advances at once: one second, with the usual tick. */
const MAX_STEPS = 20;

/**
 * Runs all timeouts of a data worker on one interval timer. Every chunk moves a deadline later, and that is one
 * assignment: the wheel looks at an entry again only when it reaches the slot that the entry was first put in.
 *
 * Wheel time advances at most `MAX_STEPS` ticks at once. After the process was stopped and continued, its requests
 * would otherwise all have timed out.
 */
export class TimerWheel {
  readonly #tickMs: number;
  readonly #clock: () => number;
  readonly #slots: Set<Expiring>[] = Array.from({ length: SLOTS }, () => new Set());
  readonly #interval: NodeJS.Timeout;
  #slot = 0;
  #now = 1;
  #lastClock: number;

  constructor(clock: () => number, tickMs = 50) {
    this.#clock = clock;
    this.#tickMs = tickMs;
    this.#lastClock = clock();
    this.#interval = setInterval(() => this.#advance(), tickMs);
  }

  /** Expires `entry` in `delayMs`, which replaces its previous deadline; 0 means never. */
  arm(entry: Expiring, delayMs: number): void {
    if (delayMs <= 0) {
      entry.deadline = 0;
      return;
    }
    // A busy event loop delays ticks, so #now lags behind the clock. A timeout may be late but must not be early.
    const lag = Math.min(this.#clock() - this.#lastClock, MAX_STEPS * this.#tickMs);
    const deadline = this.#now + lag + delayMs;
    entry.deadline = deadline;
    if (entry.scheduled === 0) this.#insert(entry);
    else if (deadline < entry.scheduled) {
      this.#removeFromSlot(entry);
      this.#insert(entry);
    }
  }

  /** Removes `entry` now, so that its slot does not keep it in memory for up to half a minute. */
  remove(entry: Expiring): void {
    entry.deadline = 0;
    if (entry.scheduled !== 0) this.#removeFromSlot(entry);
    entry.scheduled = 0;
  }

  close(): void {
    clearInterval(this.#interval);
  }

  #insert(entry: Expiring): void {
    const ticks = Math.min(SLOTS - 1, Math.max(1, Math.ceil((entry.deadline - this.#now) / this.#tickMs)));
    entry.scheduled = this.#now + ticks * this.#tickMs;
    this.#slotAt(entry.scheduled)?.add(entry);
  }

  #removeFromSlot(entry: Expiring): void {
    this.#slotAt(entry.scheduled)?.delete(entry);
  }

  #slotAt(wheelTime: number): Set<Expiring> | undefined {
    return this.#slots[(this.#slot + (wheelTime - this.#now) / this.#tickMs) % SLOTS];
  }

  #advance(): void {
    const clock = this.#clock();
    let steps = Math.floor((clock - this.#lastClock) / this.#tickMs);
    // The rest of a tick counts towards the next one. Time beyond MAX_STEPS, after a stopped process, is dropped.
    this.#lastClock += steps * this.#tickMs;
    if (steps > MAX_STEPS) {
      steps = MAX_STEPS;
      this.#lastClock = clock;
    }
    for (let step = 0; step < steps; step++) this.#tick();
  }

  #tick(): void {
    this.#now += this.#tickMs;
    this.#slot = (this.#slot + 1) % SLOTS;
    const due = this.#slots[this.#slot];
    if (due === undefined || due.size === 0) return;
    this.#slots[this.#slot] = new Set();
    for (const entry of due) {
      // An entry that expired before this one has removed or re-armed it.
      if (entry.scheduled !== this.#now) continue;
      entry.scheduled = 0;
      if (entry.deadline === 0) continue;
      if (entry.deadline > this.#now) this.#insert(entry);
      else {
        entry.deadline = 0;
        entry.expire();
      }
    }
  }
}
