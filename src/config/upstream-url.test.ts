import assert from "node:assert/strict";
import { test } from "node:test";
import { formatUpstream, hideUserinfo, parseUpstream } from "./upstream-url.ts";

function upstreamOf(text: string): unknown {
  const read = parseUpstream(text);
  assert.ok("upstream" in read, `${text}: ${"message" in read ? read.message : ""}`);
  return read.upstream;
}

test("scheme, host, port and path prefix are taken apart, with or without a trailing slash", () => {
  const plain = { secure: true, host: "api.openai.com", port: 443, pathPrefix: "", authority: "api.openai.com" };
  for (const text of ["https://api.openai.com", "https://api.openai.com/", "HTTPS://API.OpenAI.com:443//"]) {
    assert.deepEqual(upstreamOf(text), plain, text);
  }
  const prefixed = { secure: false, host: "10.0.0.5", port: 8000, pathPrefix: "/llm/v1", authority: "10.0.0.5:8000" };
  for (const text of ["http://10.0.0.5:8000/llm/v1", "http://10.0.0.5:8000/llm/v1/"])
    assert.deepEqual(upstreamOf(text), prefixed);
});

test("an IPv6 host is connected to without brackets and named with them", () => {
  assert.deepEqual(upstreamOf("http://[::1]:11434"), {
    secure: false,
    host: "::1",
    port: 11434,
    pathPrefix: "",
    authority: "[::1]:11434",
  });
});

test("the path prefix is kept byte for byte", () => {
  const read = parseUpstream("https://host/a%2Fb//c:d;e/");
  assert.ok("upstream" in read);
  assert.equal(read.upstream.pathPrefix, "/a%2Fb//c:d;e");
  assert.equal(formatUpstream(read.upstream), "https://host/a%2Fb//c:d;e/");
});

const REJECTED: readonly string[] = [
  "https://user:secret@host/",
  "https://user@host/",
  "https://@host/",
  "https://host/#fragment",
  "https://host/?query=1",
  "https://host?",
  "https://host/a/../b",
  "https://host/a/%2e%2E/b",
  "https://host/./b",
  "https://host/a b",
  "https://host/a\\b",
  "https://host/ä",
  "https://",
  "https:///path",
  "https://host:99999/",
  "https://host:0/",
  "https://ho st/",
  "ftp://host/",
  "host/path",
  "api.openai.com",
  "//host/",
  "",
  "http://169.254.169.254/",
  "http://169.254.1.1/",
  "http://2852039166/",
  "http://0xA9FEA9FE/",
  "http://[::ffff:169.254.169.254]/",
  "http://[fd00:ec2::254]/",
  "http://[fe80::1]/",
  "http://metadata.google.internal/",
];

test("R90: an upstream with userinfo, fragment, query, dot segments or a metadata address is rejected", () => {
  for (const text of REJECTED) {
    const read = parseUpstream(text);
    assert.ok("message" in read, `${text} was accepted`);
    assert.ok(!read.message.includes("secret"), read.message);
  }
});

test("R90: plain http to a public host is allowed with a warning, to a private one without", () => {
  for (const text of ["http://api.example.com/", "http://8.8.8.8/", "http://[2001:4860::1]/"]) {
    const read = parseUpstream(text);
    assert.ok("upstream" in read && read.warning !== undefined, text);
  }
  const quiet = [
    "https://api.example.com/",
    "http://localhost:1/",
    "http://ollama:11434/",
    "http://10.1.2.3/",
    "http://172.20.0.2/",
    "http://192.168.1.1/",
    "http://[::1]/",
    "http://[fd12::1]/",
    "http://llm.svc.cluster.local/",
  ];
  for (const text of quiet) {
    const read = parseUpstream(text);
    assert.ok("upstream" in read && read.warning === undefined, text);
  }
});

test("R90: a URL is logged without its userinfo", () => {
  assert.equal(hideUserinfo('bad "https://user:se@cret@host/x" here'), 'bad "https://…@host/x" here');
  assert.equal(hideUserinfo("https://host/a@b"), "https://…@b");
  assert.equal(hideUserinfo("mail me@host"), "mail me@host");
});
