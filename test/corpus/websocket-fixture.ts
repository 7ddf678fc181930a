/** WebSockets of the corpus through a real gateway: message by message, in fragments, deflated, byte by byte. */
import { knownProviders } from "../../src/providers/index.ts";
import type { RequestRecord } from "../../src/core/request/request-record.ts";
import { Faker } from "../harness/faker.ts";
import { request } from "../proxy/fixture.ts";
import { statusOf } from "../harness/raw-message.ts";
import { connectRaw } from "../harness/raw-client.ts";
import { startGateway } from "../harness/gateway.ts";
import { Conversation } from "../websocket/conversation.ts";
import { BINARY, Deflater, fragments, frame, TEXT, type Side } from "../websocket/frames.ts";
import type { Message, Talk } from "./exchange.ts";
import { differences } from "./expected.ts";
import { withId, type CorpusFile } from "./load.ts";
import type { Result, TalkMode } from "./result.ts";

export async function runTalks(
  talks: readonly (readonly [file: CorpusFile, mode: TalkMode])[],
): Promise<readonly Result[]> {
  if (talks.length === 0) return [];
  const faker = await Faker.start();
  const providers = Object.fromEntries(knownProviders().map(({ name }) => [name, { upstream: faker.url }]));
  const gateway = await startGateway({ config: { providers } });
  try {
    const results: Result[] = [];
    let before = 0;
    for (const [number, [file, mode]] of talks.entries()) {
      const { talk } = withId(file, number);
      if (talk === undefined) continue;
      const broken = await hold(talk, mode, { faker, port: gateway.port, number }).then(() => [], faultOf);
      const records = (await gateway.records(before + talk.records.length)).slice(before);
      before += records.length;
      results.push(...compare({ file, mode, talk, records }, broken));
    }
    return results;
  } finally {
    await gateway.stop();
    await faker.stop();
  }
}

interface Held {
  readonly file: CorpusFile;
  readonly mode: TalkMode;
  readonly talk: Talk;
  readonly records: readonly RequestRecord[];
}

function compare({ file, mode, talk, records }: Held, broken: readonly string[]): readonly Result[] {
  const most = Math.max(records.length, talk.records.length);
  return Array.from({ length: most }, (_, index) => {
    const [record, expected = {}] = [records[index], talk.records[index]];
    const faults = record === undefined ? ["no record"] : differences(record, expected);
    const what = `${file.name}, record ${index + 1}: ${mode}`;
    return { file, mode, what, expected, record, faults: index === 0 ? [...broken, ...faults] : faults };
  });
}

interface Place {
  readonly faker: Faker;
  readonly port: number;
  readonly number: number;
}

async function hold(talk: Talk, mode: TalkMode, { faker, port, number }: Place): Promise<void> {
  const client = await connectRaw(port);
  const asked = mode === "deflated" ? ["Sec-WebSocket-Extensions: permessage-deflate"] : [];
  const upgrade = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="];
  const { method, target, fields } = talk.request;
  const more = [...fields.map(([name, value]) => `${name}: ${value}`), `x-lmgate-tags: play=${number}`];
  client.send(request(method, target, ...upgrade, "Sec-WebSocket-Version: 13", ...asked, ...more));
  const { connection } = await faker.call();
  const granted = mode === "deflated" ? "Sec-WebSocket-Extensions: permessage-deflate\r\n" : "";
  connection.send(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${granted}\r\n`);
  if (statusOf(await client.head()) !== 101) throw new Error("no WebSocket");
  const conversation = new Conversation(client, connection);
  const deflaters = { client: new Deflater(true), server: new Deflater(true) };
  for (const message of talk.messages) {
    await say(conversation, message, mode, deflaters[message.from]);
    // What one side says may be the answer to what the other said.
    await conversation.arrived();
  }
  await conversation.close();
}

async function say(talk: Conversation, message: Message, mode: TalkMode, deflater: Deflater): Promise<void> {
  const side: Side = message.from;
  const opcode = message.binary ? BINARY : TEXT;
  switch (mode) {
    case "frames":
      return talk.send(side, frame(side, message.text, { opcode }));
    case "fragments":
      return talk.send(side, fragments(side, message.text, 3, { opcode }));
    case "deflated":
      return talk.send(side, frame(side, await deflater.deflate(message.text), { opcode, compressed: true }));
    case "frames byte by byte":
      for (const byte of frame(side, message.text, { opcode })) {
        talk.send(side, Buffer.of(byte));
        await talk.arrived();
      }
  }
}

function faultOf(error: unknown): readonly string[] {
  return [String(error)];
}
