/** Sends the WebSockets of the corpus through a real gateway: message by message, in fragments, deflated, byte by byte. */
import { knownProviders } from "../../src/providers/index.ts";
import type { RequestRecord } from "../../src/core/request/request-record.ts";
import { ScriptedProvider } from "../harness/scripted-provider.ts";
import { request } from "../proxy/fixture.ts";
import { statusOf } from "../harness/raw-message.ts";
import { connectRaw } from "../harness/raw-client.ts";
import { startGateway } from "../harness/gateway.ts";
import { Conversation } from "../websocket/conversation.ts";
import { BINARY, Deflater, fragments, frame, TEXT, type Side } from "../websocket/frames.ts";
import type { Message, Session } from "./exchange.ts";
import { differences } from "./expected.ts";
import { withId, type CorpusFile } from "./load.ts";
import type { Result, SessionMode } from "./result.ts";

export async function runSessions(
  sessions: readonly (readonly [file: CorpusFile, mode: SessionMode])[],
): Promise<readonly Result[]> {
  if (sessions.length === 0) return [];
  const provider = await ScriptedProvider.start();
  const providers = Object.fromEntries(knownProviders().map(({ name }) => [name, { upstream: provider.url }]));
  const gateway = await startGateway({ config: { providers } });
  try {
    const results: Result[] = [];
    let earlier = 0;
    for (const [number, [file, mode]] of sessions.entries()) {
      const { session } = withId(file, number);
      if (session === undefined) continue;
      const errors = await runSession(session, mode, { provider, port: gateway.port, number }).then(() => [], errorsOf);
      const records = (await gateway.records(earlier + session.records.length)).slice(earlier);
      earlier += records.length;
      results.push(...compare({ file, mode, session, records }, errors));
    }
    return results;
  } finally {
    await gateway.stop();
    await provider.stop();
  }
}

interface SessionRun {
  readonly file: CorpusFile;
  readonly mode: SessionMode;
  readonly session: Session;
  readonly records: readonly RequestRecord[];
}

function compare({ file, mode, session, records }: SessionRun, errors: readonly string[]): readonly Result[] {
  const most = Math.max(records.length, session.records.length);
  return Array.from({ length: most }, (_, index) => {
    const [record, expected = {}] = [records[index], session.records[index]];
    const failures = record === undefined ? ["no record"] : differences(record, expected);
    const what = `${file.name}, record ${index + 1}: ${mode}`;
    return { file, mode, what, expected, record, failures: index === 0 ? [...errors, ...failures] : failures };
  });
}

interface SessionTarget {
  readonly provider: ScriptedProvider;
  readonly port: number;
  readonly number: number;
}

async function runSession(
  session: Session,
  mode: SessionMode,
  { provider, port, number }: SessionTarget,
): Promise<void> {
  const client = await connectRaw(port);
  const offered = mode === "deflated" ? ["Sec-WebSocket-Extensions: permessage-deflate"] : [];
  const upgrade = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="];
  const { method, target, fields } = session.request;
  const more = [...fields.map(([name, value]) => `${name}: ${value}`), `x-lmgate-tags: number=${number}`];
  client.send(request(method, target, ...upgrade, "Sec-WebSocket-Version: 13", ...offered, ...more));
  const { connection } = await provider.nextRequest();
  const accepted = mode === "deflated" ? "Sec-WebSocket-Extensions: permessage-deflate\r\n" : "";
  connection.send(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${accepted}\r\n`);
  if (statusOf(await client.head()) !== 101) throw new Error("no WebSocket");
  const conversation = new Conversation(client, connection);
  const deflaters = { client: new Deflater(true), server: new Deflater(true) };
  for (const message of session.messages) {
    await sendMessage(conversation, message, mode, deflaters[message.from]);
    // A message of one side may respond to one of the other side.
    await conversation.arrived();
  }
  await conversation.close();
}

async function sendMessage(
  session: Conversation,
  message: Message,
  mode: SessionMode,
  deflater: Deflater,
): Promise<void> {
  const side: Side = message.from;
  const opcode = message.binary ? BINARY : TEXT;
  switch (mode) {
    case "frames":
      return session.send(side, frame(side, message.text, { opcode }));
    case "fragments":
      return session.send(side, fragments(side, message.text, 3, { opcode }));
    case "deflated":
      return session.send(side, frame(side, await deflater.deflate(message.text), { opcode, compressed: true }));
    case "frames byte by byte":
      for (const byte of frame(side, message.text, { opcode })) {
        session.send(side, Buffer.of(byte));
        await session.arrived();
      }
  }
}

function errorsOf(error: unknown): readonly string[] {
  return [String(error)];
}
