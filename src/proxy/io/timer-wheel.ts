/** Something with one deadline. The wheel writes `scheduled`; nobody else does. */
export interface Expiring {
  /** Wheel time of expiry; 0 for none. */
  deadline: number;
  scheduled: number;
  expire(): void;
}

const SLOTS = 512;
/** Ticks that one look at the clock may make good: a second, with the usual tick. */
const MAX_STEPS = 20;

/**
 * All timeouts of a data thread on one interval timer. Moving a deadline later, which every chunk does, is one
 * assignment: an entry is looked at again only when the slot it was first put in comes round.
 *
 * Wheel time advances at most `MAX_STEPS` ticks at once, so a process that was stopped and continued does not find all its
 * calls overdue.
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

  /** Expire `entry` in `delayMs`, instead of at whatever was set before; 0 means never. */
  arm(entry: Expiring, delayMs: number): void {
    if (delayMs <= 0) {
      entry.deadline = 0;
      return;
    }
    // Time since the last tick, which a busy loop makes long, is not in #now yet: a timeout may be late but never early.
    const untold = Math.min(this.#clock() - this.#lastClock, MAX_STEPS * this.#tickMs);
    const deadline = this.#now + untold + delayMs;
    entry.deadline = deadline;
    if (entry.scheduled === 0) this.#insert(entry);
    else if (deadline < entry.scheduled) {
      this.#takeOut(entry);
      this.#insert(entry);
    }
  }

  /** It is gone for good: a slot that comes round in half a minute must not keep it in memory until then. */
  forget(entry: Expiring): void {
    entry.deadline = 0;
    if (entry.scheduled !== 0) this.#takeOut(entry);
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

  #takeOut(entry: Expiring): void {
    this.#slotAt(entry.scheduled)?.delete(entry);
  }

  #slotAt(wheelTime: number): Set<Expiring> | undefined {
    return this.#slots[(this.#slot + (wheelTime - this.#now) / this.#tickMs) % SLOTS];
  }

  #advance(): void {
    const clock = this.#clock();
    let steps = Math.floor((clock - this.#lastClock) / this.#tickMs);
    // What is left of a tick counts towards the next; what is left of a stop is forgotten.
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
      // Forgotten, or armed anew, by one of those before it.
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
