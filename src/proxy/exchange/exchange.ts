import type { Outcome } from "../../core/request/outcome.ts";
import type { Rejection, UpstreamFault } from "../../core/request/rejection.ts";
import type { UpstreamErrorCode } from "../../core/request/upstream-error-code.ts";
import { isFault } from "../../wire/fault.ts";
import type { ResponseHead } from "../../wire/response-head.ts";
import type { AdmittedRequest } from "../admission/admit.ts";
import { gatewayError } from "../admission/error-responses.ts";
import { observedResponse } from "../recording/observed-heads.ts";
import { RequestRecorder } from "../recording/request-recorder.ts";
import type { UpstreamConnection, UpstreamHandler } from "../upstream/upstream-connection.ts";
import type { ClientHandler, ClientSide } from "./client-side.ts";
import type { DataPlane } from "./data-plane.ts";
import { ExpectContinue } from "./expect-continue.ts";
import type { PreparedRequest } from "./prepared-request.ts";
import { RequestBody } from "./request-body.ts";
import { ResponseBody } from "./response-body.ts";
import { Tunnel } from "./tunnel.ts";

/** LMGate sends the 100 itself if the upstream has not sent one by then. */
const CONTINUE_MS = 1_000;
const COMPLETE: Outcome = { kind: "complete" };
const CLIENT_ABORTED: Outcome = { kind: "client-aborted" };

/**
 * Forwards one request: from its admission to its one record. The phases are connect → head (while the request body is
 * sent) → body or tunnel → over, and `#finish` is the only way out.
 */
export class Exchange implements ClientHandler, UpstreamHandler {
  readonly #plane: DataPlane;
  /** The client's connection, or its replacement after the client has left. */
  #client: ClientSide;
  readonly #request: AdmittedRequest;
  readonly #recorder: RequestRecorder;
  readonly #requestBody: RequestBody;
  readonly #upgrading: boolean;
  readonly #expectContinue: ExpectContinue;
  #upstream: UpstreamConnection;
  #responseBody: ResponseBody | undefined;
  #tunnel: Tunnel | undefined;
  #phase: "connect" | "head" | "body" | "tunnel" | "over" = "connect";
  #retried = false;
  #responseStarted = false;
  /** The client left, and the response is read to its end for its usage. */
  #draining = false;
  #responseHead: ResponseHead | undefined;

  constructor(plane: DataPlane, client: ClientSide, prepared: PreparedRequest) {
    this.#plane = plane;
    this.#client = client;
    const request = prepared.admitted;
    this.#request = request;
    this.#upgrading = prepared.upgrading;
    this.#expectContinue = new ExpectContinue(request.head);
    this.#recorder = new RequestRecorder(plane, prepared);
    this.#requestBody = new RequestBody(prepared, client, this.#recorder.observer, plane.context.maxBodyBytes);
    this.#upstream = plane.poolOf(request.route.provider).acquire(this, false);
  }

  /** Sends what can be sent now. `bytes` came after the head; returns those that do not belong to this request. */
  start(bytes: Buffer): Buffer | undefined {
    const rest = this.#upgrading ? this.#bufferForTunnel(bytes) : this.#requestBody.take(bytes);
    if (!this.#requestBodyFailed() && this.#upstream.ready) this.upstreamReady();
    return rest;
  }

  upstreamReady(): void {
    if (this.#phase !== "connect") return;
    this.#phase = "head";
    const hasRoom = this.#requestBody.begin(this.#upstream);
    if (this.#requestBody.done) this.#requestSent();
    else if (!hasRoom) this.#upstream.arm(this.#plane.context.timeouts.streamIdleMs);
    else if (this.#expectContinue.awaited) this.#upstream.arm(CONTINUE_MS);
    else this.#client.armTimeout("body");
  }

  #requestSent(): void {
    this.#recorder.requestSent();
    this.#client.armTimeout("none");
    if (this.#phase === "head") this.#upstream.arm(this.#plane.context.timeouts.responseHeadMs);
  }

  // Downstream

  clientData(bytes: Buffer): Buffer | undefined {
    if (this.#phase === "tunnel") {
      this.#tunnel?.fromClient(bytes);
      return undefined;
    }
    if (this.#upgrading && !this.#responseStarted) return this.#bufferForTunnel(bytes);
    if (this.#requestBody.done || this.#phase === "over") return bytes;
    const rest = this.#requestBody.take(bytes);
    if (!this.#requestBodyFailed()) this.#requestBodyAdvanced();
    return rest;
  }

  #requestBodyAdvanced(): void {
    if (this.#phase === "connect") return;
    this.#expectContinue.bodyReceived();
    if (this.#requestBody.done) this.#requestSent();
    else if (this.#requestBody.blocked) {
      this.#client.armTimeout("none");
      if (this.#phase === "head") this.#upstream.arm(this.#plane.context.timeouts.streamIdleMs);
    } else {
      this.#client.armTimeout("body");
      if (this.#phase === "head") this.#upstream.arm(0);
    }
  }

  #bufferForTunnel(bytes: Buffer): undefined {
    this.#tunnel ??= new Tunnel(this.#client, this.#plane.context.timeouts.streamIdleMs);
    this.#tunnel.fromClient(bytes);
  }

  /** True if bytes of this request stay unread, so that the connection cannot carry another request after it. */
  get #hasUnreadRequestBytes(): boolean {
    return !this.#requestBody.done || (this.#tunnel?.clientBytes ?? 0) > 0;
  }

  clientDrained(): void {
    if (this.#phase === "tunnel") this.#tunnel?.clientDrained();
    else if (this.#phase === "body") {
      this.#client.armTimeout(this.#requestBody.done ? "none" : "body");
      if (this.#responseBody !== undefined) this.#responseBody.blocked = false;
      this.#upstream.resume();
      this.#upstream.arm(this.#plane.context.timeouts.streamIdleMs);
    }
  }

  clientEnded(): void {
    if (this.#phase === "tunnel") {
      if (this.#tunnel?.clientEnded() === true) this.#tunnelFinished();
    } else this.#clientLeft();
  }

  clientGone(): void {
    if (this.#phase === "tunnel") {
      this.#tunnel?.clientGone();
      this.#abort(COMPLETE);
    } else this.#clientLeft();
  }

  clientExpired(): void {
    this.#clientLeft();
  }

  /** Ends the exchange, as the provider would see it without LMGate; or drains it, where the operator wants that. */
  #clientLeft(): void {
    const sent = this.#requestBody.done && (this.#phase === "head" || this.#phase === "body");
    const canDrain = sent && !this.#draining && this.#recorder.wantsDrain;
    const replacement = canDrain ? this.#plane.drains.open(this) : undefined;
    if (replacement === undefined) return this.#abort(CLIENT_ABORTED);
    this.#abortClient();
    this.#draining = true;
    this.#client = replacement;
    this.#responseBody?.redirect(replacement);
    if (this.#phase === "body") this.clientDrained();
  }

  shutdown(): void {
    this.#abort({ kind: "shutdown" });
  }

  /** Ends the exchange on both sides at once. */
  #abort(outcome: Outcome): void {
    if (this.#phase === "over") return;
    this.#upstream.destroy();
    this.#abortClient();
    this.#finish(outcome);
  }

  /** If the end of the connection is the end of the body, only a reset tells the client that the body is incomplete. */
  #abortClient(): void {
    if (this.#phase === "tunnel" || this.#responseBody?.endsWithConnection === true) this.#client.reset();
    else this.#client.destroy();
  }

  /** Ends the exchange if its request body is too large or malformed, and returns true then. */
  #requestBodyFailed(): boolean {
    const { tooLarge, fault } = this.#requestBody;
    const maxBytes = this.#plane.context.maxBodyBytes ?? 0;
    if (tooLarge) this.#reject({ kind: "body-too-large", maxBytes }, { kind: "body-too-large" });
    else if (fault) this.#reject({ kind: "malformed", detail: fault.detail }, CLIENT_ABORTED);
    return tooLarge || fault !== undefined;
  }

  /** Sends an error response, or aborts the client's connection if a response has started. */
  #reject(rejection: Rejection, outcome: Outcome): void {
    const close = this.#hasUnreadRequestBytes;
    this.#upstream.destroy();
    if (this.#responseStarted) {
      this.#abortClient();
      this.#finish(outcome);
    } else {
      this.#recorder.status = gatewayError(rejection).status;
      this.#finish(outcome);
      this.#client.reject(rejection, close);
    }
  }

  // Upstream

  upstreamData(bytes: Buffer, pooled: Buffer | undefined): void {
    switch (this.#phase) {
      case "head":
        this.#responseHeadBytes(bytes);
        break;
      case "body":
        this.#responseBodyBytes(bytes);
        if (pooled !== undefined) this.#client.retain(pooled);
        break;
      case "tunnel":
        this.#tunnel?.fromUpstream(bytes);
        break;
      default:
        // No request was sent on this connection yet, so these bytes are not a response.
        this.#fail("upstream_invalid");
    }
  }

  #responseHeadBytes(bytes: Buffer): void {
    this.#recorder.byteReceived();
    const reader = this.#upstream.responseHeads;
    let pending = bytes;
    for (;;) {
      const head = reader.push(pending, this.#request.head.method);
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
        this.#beginResponseBody(head, reader.takeRest(), pending);
        return;
      }
      const interim = this.#expectContinue.forward(head, this.#client);
      if (interim === "too-many") {
        this.#fail("upstream_invalid");
        return;
      }
      if (interim === "continue" && !this.#requestBody.done) {
        this.#upstream.arm(0);
        this.#client.armTimeout("body");
      }
      pending = reader.takeRest();
      if (pending.length === 0) return;
    }
  }

  #beginResponseBody(head: ResponseHead, rest: Buffer, whole: Buffer): void {
    this.#phase = "body";
    this.#responseHead = head;
    this.#recorder.responseFields = head.fields;
    this.#recorder.upstreamStatus = head.status;
    if (!this.#draining) this.#recorder.status = head.status;
    this.#responseStarted = true;
    this.#recorder.observer.responseHead(observedResponse(head));
    const close = !this.#request.head.keepAlive || this.#client.closing || this.#hasUnreadRequestBytes;
    const body = new ResponseBody(
      head,
      { minor: this.#request.head.minor, close },
      this.#client,
      this.#recorder.observer,
    );
    this.#responseBody = body;
    body.begin(rest, whole);
    this.#responseBodyAdvanced(body);
  }

  #responseBodyBytes(bytes: Buffer): void {
    const body = this.#responseBody;
    if (body === undefined) return;
    body.push(bytes);
    this.#responseBodyAdvanced(body);
  }

  #responseBodyAdvanced(body: ResponseBody): void {
    if (body.faulty) this.#fail("upstream_invalid");
    else if (body.done) this.#complete(body);
    else if (body.blocked) {
      this.#upstream.pause();
      this.#upstream.arm(0);
      this.#client.armTimeout("write");
    } else this.#upstream.arm(this.#plane.context.timeouts.streamIdleMs);
  }

  #complete(body: ResponseBody): void {
    const head = this.#responseHead;
    const reusable = head?.keepAlive === true && !body.untilClose && !body.overrun && this.#requestBody.done;
    if (reusable && head !== undefined) {
      this.#plane.poolOf(this.#request.route.provider).release(this.#upstream, head.keepAliveTimeoutSeconds);
    } else this.#upstream.destroy();
    this.#finish(this.#draining ? { kind: "client-aborted", drain: "complete" } : COMPLETE);
    this.#client.finished(!body.closesClient);
  }

  #openTunnel(head: ResponseHead, rest: Buffer): void {
    this.#phase = "tunnel";
    this.#responseStarted = true;
    this.#recorder.status = 101;
    this.#responseHead = head;
    this.#recorder.responseFields = head.fields;
    this.#tunnel ??= new Tunnel(this.#client, this.#plane.context.timeouts.streamIdleMs);
    this.#tunnel.open(this.#upstream, head, rest, this.#recorder.openSession(head));
  }

  #tunnelFinished(): void {
    if (this.#phase === "over") return;
    this.#upstream.destroy();
    this.#finish(COMPLETE);
    this.#client.finished(false);
  }

  upstreamDrained(): void {
    if (this.#phase === "tunnel") {
      this.#tunnel?.upstreamDrained();
      return;
    }
    if (this.#phase === "over" || this.#requestBody.done) return;
    this.#requestBody.unblock();
    this.#requestBodyAdvanced();
  }

  upstreamEnded(): void {
    if (this.#phase === "tunnel") {
      if (this.#tunnel?.upstreamEnded() === true) this.#tunnelFinished();
    } else if (this.#phase === "body" && this.#responseBody?.untilClose === true) {
      this.#upstream.destroy();
      this.#responseBody.end();
      this.#complete(this.#responseBody);
    } else this.#fail("upstream_reset", "closed");
  }

  upstreamClosed(fault: UpstreamFault, code: UpstreamErrorCode | undefined): void {
    // After the client's own end, it is no fault if the upstream closes the tunnel.
    if (this.#phase === "tunnel" && this.#tunnel?.clientHasEnded === true) this.#tunnelFinished();
    else this.#fail(fault, code);
  }

  upstreamExpired(): void {
    if (this.#phase === "head" && !this.#requestBody.done && this.#expectContinue.awaited) {
      this.#expectContinue.send(this.#client);
      this.#client.armTimeout("body");
    } else if (this.#phase === "tunnel") this.#abort(this.#tunnel?.idleOutcome ?? COMPLETE);
    else this.#fail("upstream_timeout");
  }

  #fail(fault: UpstreamFault, code?: UpstreamErrorCode): void {
    if (this.#phase === "over") return;
    this.#upstream.destroy();
    if (fault === "upstream_reset" && this.#retryable()) {
      this.#retried = true;
      this.#phase = "connect";
      this.#upstream = this.#plane.poolOf(this.#request.route.provider).acquire(this, true);
      return;
    }
    if (this.#draining) {
      this.#abortClient();
      this.#finish({ kind: "client-aborted", drain: "cut" });
    } else this.#reject({ kind: "upstream", fault }, { kind: "upstream", fault, code });
  }

  /** A GET or HEAD without a body may be sent once more if no byte of a response came (RFC 9110 §9.2.2). */
  #retryable(): boolean {
    const { head } = this.#request;
    return (
      !this.#retried &&
      this.#phase === "head" &&
      this.#recorder.firstByteAt === undefined &&
      head.body.kind === "none" &&
      !this.#upgrading &&
      (head.method === "GET" || head.method === "HEAD")
    );
  }

  #finish(outcome: Outcome): void {
    if (this.#phase === "over") return;
    this.#phase = "over";
    const traffic = {
      requestBytes: this.#requestBody.bytes + (this.#tunnel?.clientBytes ?? 0),
      responseBytes: (this.#responseBody?.bytes ?? 0) + (this.#tunnel?.upstreamBytes ?? 0),
      upgraded: this.#tunnel?.isOpen === true,
    };
    if (!this.#plane.context.holdsResponses) {
      this.#recorder.finish(outcome, traffic);
      return;
    }
    const client = this.#client;
    client.holdWrites();
    this.#recorder.finish(outcome, traffic, () => client.releaseWrites());
  }
}
