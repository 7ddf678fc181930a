import type { UsageReading, Usage } from "../../core/usage/usage.ts";
import { clamped } from "../observe/clamp.ts";
import { type Dialect, type PartialUsage, NOTHING } from "../dialects/dialect.ts";
import type { TurnStep } from "./session-dialect.ts";
import type { Ending } from "../observe/ending.ts";
import { isCounted } from "../observe/usage-state.ts";

/** One billed piece of a session: a response, a turn, a transcription. Times are on the observer's clock. */
export interface TurnReading {
  readonly reading: UsageReading;
  readonly startedAt: number;
  /** The provider said that it is over; otherwise the session ended in the middle of it. */
  readonly whole: boolean;
}

/** The billed pieces of one session, each from its first message to its last. */
export class SessionTurns {
  readonly #dialect: string;
  readonly #deployment: string | undefined;
  readonly #now: () => number;
  readonly #tell: (turn: TurnReading) => void;
  readonly #open = new Map<string, OpenTurn>();

  constructor(about: { dialect: string; deployment: string | undefined }, now: () => number, tell: Tell) {
    this.#dialect = about.dialect;
    this.#deployment = about.deployment;
    this.#now = now;
    this.#tell = tell;
  }

  /** A piece has begun whose first content has not come yet. */
  get awaitsContent(): boolean {
    for (const turn of this.#open.values()) if (turn.firstContentAt === undefined) return true;
    return false;
  }

  take(step: TurnStep): void {
    const known = this.#open.get(step.key);
    // Content that comes late, behind the end of its piece, begins no other.
    if (known === undefined && step.moment === "content") return;
    const turn = known ?? this.#begin(step);
    turn.findings = step.reader.read(turn.findings, step.document, undefined);
    turn.model = step.model ?? turn.model;
    if (step.moment === "content") turn.firstContentAt ??= this.#now();
    else if (step.moment === "end") {
      this.#open.delete(step.key);
      this.#settle(turn, undefined);
    }
  }

  /** The session is over, and with it whatever is open. */
  finish(ending: Ending): void {
    for (const turn of this.#open.values()) this.#settle(turn, ending === "aborted" ? "aborted" : "cut");
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
      findings: NOTHING,
    };
    const [oldest] = this.#open;
    if (oldest !== undefined && this.#open.size >= MAX_OPEN) {
      this.#open.delete(oldest[0]);
      this.#settle(oldest[1], "too_large");
    }
    this.#open.set(step.key, turn);
    return turn;
  }

  #settle(turn: OpenTurn, interruption: Interruption | undefined): void {
    const { findings, reader } = turn;
    const settled = reader.settle(findings, {
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
      responseModel: findings.model ?? turn.model,
      deployment: this.#deployment,
      responseId: findings.id,
      usage,
      ...wordOn(usage, inconsistent, findings, interruption),
      errorType: findings.errorType,
      firstContentAt: turn.firstContentAt,
    };
    this.#tell({ reading, startedAt: turn.startedAt, whole: interruption === undefined });
  }
}

export type Tell = (turn: TurnReading) => void;

interface OpenTurn {
  readonly reader: Dialect;
  readonly operation: string;
  readonly requestModel: string | undefined;
  readonly startedAt: number;
  model: string | undefined;
  firstContentAt: number | undefined;
  findings: PartialUsage;
}

/** Why a piece was not read to its end. */
type Interruption = "aborted" | "cut" | "too_large";

function wordOn(
  usage: Usage | undefined,
  inconsistent: boolean,
  findings: PartialUsage,
  interruption: Interruption | undefined,
): Pick<UsageReading, "source" | "state" | "reason"> {
  const counted = usage !== undefined && (usage.audioSeconds !== undefined || isCounted(usage));
  const source = counted ? "websocket" : "none";
  if (interruption === "aborted") return { source, state: "aborted", reason: "aborted" };
  if (interruption !== undefined) return { source, state: counted ? "partial" : "missing", reason: interruption };
  if (counted) return { source, state: "final", reason: inconsistent ? "inconsistent" : undefined };
  return { source, state: "missing", reason: findings.failed ? "error" : "absent" };
}

/** Far more than any provider answers at once on one socket. */
const MAX_OPEN = 32;
