import type { Outcome } from "../../core/request/outcome.ts";
import type { Rejection, UpstreamFault } from "../../core/request/rejection.ts";
import type { Ending } from "../../usage/observe/observer.ts";
import { isFault } from "../../wire/fault.ts";
import type { ResponseHead } from "../../wire/response-head.ts";
import type { RequestOnClient, ClientSide } from "../downstream/client-side.ts";
import { ExpectContinue } from "./expect-continue.ts";
import { ResponseBody } from "./response-body.ts";
import type { Admitted } from "../admission/admit.ts";
import { responseFacts } from "../recording/observed-facts.ts";
import type { DataPlane } from "../data-plane.ts";
import { refuse } from "../admission/error-responses.ts";
import { isUpgrade } from "./forwarded-request-head.ts";
import { RequestRecorder } from "../recording/request-recorder.ts";
import { Tunnel } from "./tunnel.ts";
import { RequestBody } from "./request-body.ts";
import type { UpstreamConnection, UpstreamUser } from "../upstream/upstream-connection.ts";

/** An upstream that has not asked for the body by then is taken to want it. */
const CONTINUE_MS = 1_000;
const COMPLETE: Outcome = { kind: "complete" };

/**
 * One forwarded call: from the head that was admitted to the one record it leaves. Its phases are
 * connect → head (the upload runs beside it) → body or tunnel → over, and `#settle` is the only way out.
 */
export class Exchange implements RequestOnClient, UpstreamUser {
  readonly #plane: DataPlane;
  /** The connection that the call came on, or what stands in for it once it is gone. */
  #client: ClientSide;
  readonly #call: Admitted;
  readonly #settlement: RequestRecorder;
  readonly #upload: RequestBody;
  readonly #upgrading: boolean;
  readonly #continuation: ExpectContinue;
  #upstream: UpstreamConnection;
  #download: ResponseBody | undefined;
  #tunnel: Tunnel | undefined;
  #phase: "connect" | "head" | "body" | "tunnel" | "over" = "connect";
  #retried = false;
  #answered = false;
  /** The client left, and the answer is read to its end all the same. */
  #outlived = false;
  #head: ResponseHead | undefined;

  constructor(plane: DataPlane, client: ClientSide, call: Admitted) {
    this.#plane = plane;
    this.#client = client;
    this.#call = call;
    this.#upgrading = isUpgrade(call.head);
    this.#continuation = new ExpectContinue(call.head);
    this.#settlement = new RequestRecorder(plane, call, client.ip, this.#upgrading);
    this.#upload = new RequestBody(call, client, this.#settlement.glance, plane.gate.maxBodyBytes);
    this.#upstream = plane.poolOf(call.route.provider).acquire(this, false);
  }

  /** Sends what can be sent now; `bytes` came behind the head. Returns those that are not this call's. */
  start(bytes: Buffer): Buffer | undefined {
    const rest = this.#upgrading ? this.#holdForTunnel(bytes) : this.#upload.take(bytes);
    if (!this.#uploadBroke() && this.#upstream.ready) this.upstreamReady();
    return rest;
  }

  upstreamReady(): void {
    if (this.#phase !== "connect") return;
    this.#phase = "head";
    this.#upstream.uses++;
    const open = this.#upload.begin(this.#upstream, this.#upgrading);
    if (this.#upload.done) this.#requestSent();
    else if (!open) this.#upstream.arm(this.#plane.gate.timeouts.streamIdleMs);
    else if (this.#continuation.awaited) this.#upstream.arm(CONTINUE_MS);
    else this.#client.await("body");
  }

  #requestSent(): void {
    this.#settlement.requestSent();
    this.#client.await("none");
    if (this.#phase === "head") this.#upstream.arm(this.#plane.gate.timeouts.responseHeadMs);
  }

  // The client's side.

  clientData(bytes: Buffer): Buffer | undefined {
    if (this.#phase === "tunnel") {
      this.#tunnel?.fromClient(bytes);
      return undefined;
    }
    if (this.#upgrading && !this.#answered) return this.#holdForTunnel(bytes);
    if (this.#upload.done || this.#phase === "over") return bytes;
    const rest = this.#upload.take(bytes);
    if (!this.#uploadBroke()) this.#uploadAdvanced();
    return rest;
  }

  #uploadAdvanced(): void {
    if (this.#phase === "connect") return;
    this.#continuation.bodyCame();
    if (this.#upload.done) this.#requestSent();
    else if (this.#upload.blocked) {
      this.#client.await("none");
      if (this.#phase === "head") this.#upstream.arm(this.#plane.gate.timeouts.streamIdleMs);
    } else {
      this.#client.await("body");
      if (this.#phase === "head") this.#upstream.arm(0);
    }
  }

  #holdForTunnel(bytes: Buffer): undefined {
    this.#tunnel ??= new Tunnel(this.#client, this.#plane);
    this.#tunnel.fromClient(bytes);
  }

  /** Bytes of this call that nobody took, or that were meant for a protocol nobody switched to: no next call begins behind them. */
  get #leavesUnread(): boolean {
    return !this.#upload.done || (this.#tunnel?.clientBytes ?? 0) > 0;
  }

  clientDrained(): void {
    if (this.#phase === "tunnel") this.#tunnel?.clientDrained();
    else if (this.#phase === "body") {
      this.#client.await(this.#upload.done ? "none" : "body");
      if (this.#download !== undefined) this.#download.blocked = false;
      this.#upstream.resume();
      this.#upstream.arm(this.#plane.gate.timeouts.streamIdleMs);
    }
  }

  clientEnded(): void {
    if (this.#phase === "tunnel") {
      if (this.#tunnel?.clientEnded() === true) this.#tunnelOver();
    } else this.#clientLeft();
  }

  clientGone(): void {
    if (this.#phase === "tunnel") {
      this.#tunnel?.clientGone();
      this.#abort({ kind: "complete" });
    } else this.#clientLeft();
  }

  clientExpired(): void {
    this.#clientLeft();
  }

  /** Ends the call, as the provider would see on a direct connection; or lets it go on unseen where that is wanted. */
  #clientLeft(): void {
    const sent = this.#upload.done && (this.#phase === "head" || this.#phase === "body");
    const afterlife = sent && !this.#outlived ? this.#settlement.afterlife(this) : undefined;
    if (afterlife === undefined) return this.#abort({ kind: "client-aborted" });
    this.#breakClient();
    this.#outlived = true;
    this.#client = afterlife;
    this.#download?.redirect(afterlife);
    if (this.#phase === "body") this.clientDrained();
  }

  shutdown(): void {
    this.#abort({ kind: "shutdown" });
  }

  /** Ends the call at both ends at once. */
  #abort(outcome: Outcome): void {
    if (this.#phase === "over") return;
    this.#upstream.destroy();
    this.#breakClient();
    this.#settle(outcome, outcome.kind === "complete" ? "complete" : "aborted");
  }

  /** Where the end of the connection is the end of the body, only a reset can say that this was not it. */
  #breakClient(): void {
    if (this.#phase === "tunnel" || this.#download?.endsWithConnection === true) this.#client.reset();
    else this.#client.destroy();
  }

  /** Whether the call ended just now because its body cannot go on. */
  #uploadBroke(): boolean {
    const { tooLarge, fault } = this.#upload;
    const maxBytes = this.#plane.gate.maxBodyBytes ?? 0;
    if (tooLarge) this.#giveUp({ kind: "body-too-large", maxBytes }, { kind: "body-too-large" }, "aborted");
    else if (fault) this.#giveUp({ kind: "malformed", detail: fault.detail }, { kind: "client-aborted" }, "aborted");
    return tooLarge || fault !== undefined;
  }

  /** The call cannot go on: an answer of our own if there is still room for one, else a visible break. */
  #giveUp(refusal: Rejection, outcome: Outcome, ending: Ending): void {
    const unread = this.#leavesUnread;
    this.#upstream.destroy();
    if (this.#answered) {
      this.#breakClient();
      this.#settle(outcome, ending);
    } else {
      this.#settlement.status = refuse(refusal).status;
      this.#settle(outcome, ending);
      this.#client.refuse(refusal, unread);
    }
  }

  // The upstream's side.

  upstreamData(bytes: Buffer, piece: Buffer | undefined): void {
    switch (this.#phase) {
      case "head":
        this.#responseHeadBytes(bytes);
        break;
      case "body":
        this.#bodyBytes(bytes);
        if (piece !== undefined) this.#client.lend(piece);
        break;
      case "tunnel":
        this.#tunnel?.fromUpstream(bytes);
        break;
      default:
        // Bytes before a request was sent on a connection: not an answer to anything.
        this.#fail("upstream_invalid");
    }
  }

  #responseHeadBytes(bytes: Buffer): void {
    this.#settlement.byteReceived();
    const reader = this.#upstream.responseHeads;
    let pending = bytes;
    for (;;) {
      const head = reader.push(pending, this.#call.head.method);
      if (head === undefined) return;
      if (isFault(head)) {
        this.#fail("upstream_invalid");
        return;
      }
      if (head.status === 101) {
        if (this.#upgrading) this.#openTunnel(head, reader.takeRest());
        else this.#fail("upstream_invalid");
        return;
      }
      if (head.status >= 200) {
        this.#beginBody(head, reader.takeRest(), pending);
        return;
      }
      const passed = this.#continuation.pass(head, this.#client);
      if (passed === "too-many") {
        this.#fail("upstream_invalid");
        return;
      }
      if (passed === "granted" && !this.#upload.done) {
        this.#upstream.arm(0);
        this.#client.await("body");
      }
      pending = reader.takeRest();
      if (pending.length === 0) return;
    }
  }

  #beginBody(head: ResponseHead, rest: Buffer, whole: Buffer): void {
    this.#phase = "body";
    this.#head = head;
    this.#settlement.responseFields = head.fields;
    if (!this.#outlived) this.#settlement.status = head.status;
    this.#answered = true;
    this.#settlement.glance.responseHead(responseFacts(head));
    const close = !this.#call.head.keepAlive || this.#client.closing || this.#leavesUnread;
    const download = new ResponseBody(
      head,
      { minor: this.#call.head.minor, close },
      this.#client,
      this.#settlement.glance,
    );
    this.#download = download;
    download.begin(rest, whole);
    this.#downloadAdvanced(download);
  }

  #bodyBytes(bytes: Buffer): void {
    const download = this.#download;
    if (download === undefined) return;
    download.push(bytes);
    this.#downloadAdvanced(download);
  }

  #downloadAdvanced(download: ResponseBody): void {
    if (download.faulty) this.#fail("upstream_invalid");
    else if (download.done) this.#complete(download);
    else if (download.blocked) {
      this.#upstream.pause();
      this.#upstream.arm(0);
      this.#client.await("write");
    } else this.#upstream.arm(this.#plane.gate.timeouts.streamIdleMs);
  }

  #complete(download: ResponseBody): void {
    const head = this.#head;
    const reusable = head?.keepAlive === true && !download.untilClose && !download.overrun && this.#upload.done;
    if (reusable && head !== undefined) {
      this.#plane.poolOf(this.#call.route.provider).release(this.#upstream, head.keepAliveTimeoutSeconds);
    } else this.#upstream.destroy();
    if (this.#outlived) this.#settle({ kind: "client-aborted" }, "drained");
    else this.#settle({ kind: "complete" }, "complete");
    this.#client.finished(!download.closesClient);
  }

  #openTunnel(head: ResponseHead, rest: Buffer): void {
    this.#phase = "tunnel";
    this.#answered = true;
    this.#settlement.status = 101;
    this.#head = head;
    this.#settlement.responseFields = head.fields;
    this.#tunnel ??= new Tunnel(this.#client, this.#plane);
    this.#tunnel.open(this.#upstream, head, rest, this.#settlement.openSession(head));
  }

  #tunnelOver(): void {
    if (this.#phase === "over") return;
    this.#upstream.destroy();
    this.#settle({ kind: "complete" }, "complete");
    this.#client.finished(false);
  }

  upstreamDrained(): void {
    if (this.#phase === "tunnel") {
      this.#tunnel?.upstreamDrained();
      return;
    }
    if (this.#phase === "over" || this.#upload.done) return;
    this.#upload.unblock();
    this.#uploadAdvanced();
  }

  upstreamEnded(): void {
    if (this.#phase === "tunnel") {
      if (this.#tunnel?.upstreamEnded() === true) this.#tunnelOver();
    } else if (this.#phase === "body" && this.#download?.untilClose === true) {
      this.#upstream.destroy();
      this.#download.end();
      this.#complete(this.#download);
    } else this.#fail("upstream_reset");
  }

  upstreamClosed(fault: UpstreamFault): void {
    // Behind the client's own end, the upstream may hang up as it likes.
    if (this.#phase === "tunnel" && this.#tunnel?.clientHasEnded === true) this.#tunnelOver();
    else this.#fail(fault);
  }

  upstreamExpired(): void {
    if (this.#phase === "head" && !this.#upload.done && this.#continuation.awaited) {
      this.#continuation.grant(this.#client);
      this.#client.await("body");
    } else if (this.#phase === "tunnel") this.#abort(this.#tunnel?.silence ?? COMPLETE);
    else this.#fail("upstream_timeout");
  }

  #fail(fault: UpstreamFault): void {
    if (this.#phase === "over") return;
    this.#upstream.destroy();
    if (fault === "upstream_reset" && this.#retryable()) {
      this.#retried = true;
      this.#phase = "connect";
      this.#upstream = this.#plane.poolOf(this.#call.route.provider).acquire(this, true);
      return;
    }
    if (this.#outlived) {
      this.#breakClient();
      this.#settle({ kind: "client-aborted" }, "cut");
    } else this.#giveUp({ kind: "upstream", fault }, { kind: "upstream", fault }, "cut");
  }

  /** A bodiless GET or HEAD that got not one byte of an answer may be asked once more (RFC 9110 §9.2.2). */
  #retryable(): boolean {
    const { head } = this.#call;
    return (
      !this.#retried &&
      this.#phase === "head" &&
      this.#settlement.firstByteAt === undefined &&
      head.body.kind === "none" &&
      !this.#upgrading &&
      (head.method === "GET" || head.method === "HEAD")
    );
  }

  #settle(outcome: Outcome, ending: Ending): void {
    if (this.#phase === "over") return;
    this.#phase = "over";
    const traffic = {
      requestBytes: this.#upload.bytes + (this.#tunnel?.clientBytes ?? 0),
      responseBytes: (this.#download?.bytes ?? 0) + (this.#tunnel?.upstreamBytes ?? 0),
      upgraded: this.#tunnel?.isOpen === true,
    };
    if (!this.#plane.gate.holdsAnswers) {
      this.#settlement.settle(outcome, ending, traffic);
      return;
    }
    const client = this.#client;
    client.hold();
    this.#settlement.settle(outcome, ending, traffic, () => client.release());
  }
}
