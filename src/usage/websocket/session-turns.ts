import type { UsageReading, Usage } from "../../core/usage/usage.ts";
import { clamped } from "../observe/clamp.ts";
import { type Dialect, type PartialUsage, NOTHING } from "../dialects/dialect.ts";
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
  readonly whole: boolean;
}

/** The open turns of one session. */
export class SessionTurns {
  readonly #dialect: string;
  readonly #deployment: string | undefined;
  readonly #now: () => number;
  readonly #tell: (turn: TurnReading) => void;
  readonly #open = new Map<string, OpenTurn>();

  constructor(about: { dialect: string; deployment: string | undefined }, now: () => number, tell: TurnListener) {
    this.#dialect = about.dialect;
    this.#deployment = about.deployment;
    this.#now = now;
    this.#tell = tell;
  }

  /** True while an open turn has no content yet. */
  get awaitsContent(): boolean {
    for (const turn of this.#open.values()) if (turn.firstContentAt === undefined) return true;
    return false;
  }

  take(step: TurnStep): void {
    const known = this.#open.get(step.key);
    // Content that arrives after the end of its turn does not begin another.
    if (known === undefined && step.phase === "content") return;
    const turn = known ?? this.#begin(step);
    turn.partial = step.reader.read(turn.partial, step.document, undefined);
    turn.model = step.model ?? turn.model;
    if (step.phase === "content") turn.firstContentAt ??= this.#now();
    else if (step.phase === "end") {
      this.#open.delete(step.key);
      this.#toUsage(turn, undefined);
    }
  }

  /** The session has ended, and every open turn with it. */
  finish(ending: Ending): void {
    for (const turn of this.#open.values()) this.#toUsage(turn, ending === "aborted" ? "aborted" : "cut");
    this.#open.clear();
  }

  #begin(step: TurnStep): OpenTurn {
    const turn = {
      reader: step.reader,
      operation: step.operation,
      requestModel: step.requestModel,
      model: step.model,
      startedAt: this.#now(),
      firstContentAt: undefined,
      partial: NOTHING,
    };
    const [oldest] = this.#open;
    if (oldest !== undefined && this.#open.size >= MAX_OPEN) {
      this.#open.delete(oldest[0]);
      this.#toUsage(oldest[1], "too_large");
    }
    this.#open.set(step.key, turn);
    return turn;
  }

  #toUsage(turn: OpenTurn, interruption: Interruption | undefined): void {
    const { partial, reader } = turn;
    const settled = reader.toUsage(partial, {
      exclusiveReasoning: false,
      stream: true,
      whole: interruption === undefined,
    });
    const { usage, inconsistent } =
      settled === undefined ? { usage: undefined, inconsistent: false } : clamped(settled);
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
    this.#tell({ reading, startedAt: turn.startedAt, whole: interruption === undefined });
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
