import type { UsageReading, Usage } from "../../core/usage/usage.ts";
import { clamped } from "../observe/clamp.ts";
import { type Dialect, type PartialUsage, EMPTY_PARTIAL } from "../dialects/dialect.ts";
import type { TurnStep } from "../dialects/session-dialect.ts";
import type { Ending } from "../observe/ending.ts";
import { isCounted } from "../observe/reading-state.ts";

/**
 * The usage of one turn: the billed unit of a session, such as a response or a transcription. Times are on the
 * observer's clock.
 */
export interface TurnReading {
  readonly reading: UsageReading;
  readonly startedAt: number;
  /** True if the provider ended the turn; false if the session ended first. */
  readonly complete: boolean;
}

/** The open turns of one session. */
export class SessionTurns {
  readonly #dialect: string;
  readonly #deployment: string | undefined;
  readonly #now: () => number;
  readonly #onTurn: (turn: TurnReading) => void;
  readonly #openTurns = new Map<string, OpenTurn>();

  constructor(info: { dialect: string; deployment: string | undefined }, now: () => number, onTurn: TurnListener) {
    this.#dialect = info.dialect;
    this.#deployment = info.deployment;
    this.#now = now;
    this.#onTurn = onTurn;
  }

  /** True while an open turn has no content yet. */
  get awaitsContent(): boolean {
    for (const turn of this.#openTurns.values()) if (turn.firstContentAt === undefined) return true;
    return false;
  }

  take(step: TurnStep): void {
    const known = this.#openTurns.get(step.key);
    // Content that arrives after the end of its turn does not begin another.
    if (known === undefined && step.phase === "content") return;
    const turn = known ?? this.#begin(step);
    turn.partial = step.reader.read(turn.partial, step.document, undefined);
    turn.model = step.model ?? turn.model;
    if (step.phase === "content") turn.firstContentAt ??= this.#now();
    else if (step.phase === "end") {
      this.#openTurns.delete(step.key);
      this.#finishTurn(turn, undefined);
    }
  }

  /** The session has ended, and every open turn with it. */
  finish(ending: Ending): void {
    for (const turn of this.#openTurns.values()) this.#finishTurn(turn, ending === "aborted" ? "aborted" : "cut");
    this.#openTurns.clear();
  }

  #begin(step: TurnStep): OpenTurn {
    const turn = {
      reader: step.reader,
      operation: step.operation,
      requestModel: step.requestModel,
      model: step.model,
      startedAt: this.#now(),
      firstContentAt: undefined,
      partial: EMPTY_PARTIAL,
    };
    const [oldest] = this.#openTurns;
    if (oldest !== undefined && this.#openTurns.size >= MAX_OPEN) {
      this.#openTurns.delete(oldest[0]);
      this.#finishTurn(oldest[1], "too_large");
    }
    this.#openTurns.set(step.key, turn);
    return turn;
  }

  #finishTurn(turn: OpenTurn, interruption: Interruption | undefined): void {
    const { partial, reader } = turn;
    const stated = reader.toUsage(partial, {
      exclusiveReasoning: false,
      stream: true,
      complete: interruption === undefined,
    });
    const { usage, inconsistent } = stated === undefined ? { usage: undefined, inconsistent: false } : clamped(stated);
    const reading: UsageReading = {
      dialect: this.#dialect,
      operation: turn.operation,
      stream: undefined,
      requestModel: turn.requestModel,
      responseModel: partial.model ?? turn.model,
      deployment: this.#deployment,
      responseId: partial.id,
      usage,
      ...turnState(usage, inconsistent, partial, interruption),
      errorType: partial.errorType,
      firstContentAt: turn.firstContentAt,
    };
    this.#onTurn({ reading, startedAt: turn.startedAt, complete: interruption === undefined });
  }
}

export type TurnListener = (turn: TurnReading) => void;

interface OpenTurn {
  readonly reader: Dialect;
  readonly operation: string;
  readonly requestModel: string | undefined;
  readonly startedAt: number;
  model: string | undefined;
  firstContentAt: number | undefined;
  partial: PartialUsage;
}

/** Why a turn was not read to its end. */
type Interruption = "aborted" | "cut" | "too_large";

function turnState(
  usage: Usage | undefined,
  inconsistent: boolean,
  partial: PartialUsage,
  interruption: Interruption | undefined,
): Pick<UsageReading, "source" | "state" | "reason"> {
  const counted = usage !== undefined && (usage.audioSeconds !== undefined || isCounted(usage));
  const source = counted ? "websocket" : "none";
  if (interruption === "aborted") return { source, state: "aborted", reason: "aborted" };
  if (interruption !== undefined) return { source, state: counted ? "partial" : "missing", reason: interruption };
  if (counted) return { source, state: "final", reason: inconsistent ? "inconsistent" : undefined };
  return { source, state: "missing", reason: partial.failed ? "error" : "absent" };
}

/** Far more than any provider runs at once in one session. */
const MAX_OPEN = 32;
