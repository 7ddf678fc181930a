import assert from "node:assert/strict";
import { test } from "node:test";
import { isAuthority, isHost } from "./host.ts";

test("every form of host in RFC 3986 is accepted, with and without a port", () => {
  const hosts = [
    "a",
    "localhost",
    "api.openai.com",
    "API.OpenAI.com.",
    "under_score",
    "a-b",
    "1.2.3.4",
    "999",
    "xn--bcher-kva.example",
    "a%20b",
    "sub!$&'()*+,;=delims",
    "127.0.0.1.evil",
    "h".repeat(255),
    "[::]",
    "[::1]",
    "[1::]",
    "[1:2:3:4:5:6:7:8]",
    "[::ffff:1.2.3.4]",
    "[fe80::1:2]",
    "[v1.a:b]",
    "[1:2:3:4:5:6:1.2.3.4]",
  ];
  for (const host of hosts) for (const port of ["", ":", ":80", ":65535"]) assert.ok(isHost(host + port), host + port);
});

test("S11: invalid hosts are rejected", () => {
  const values = [
    "",
    ":",
    ":80",
    " ",
    "a b",
    "a/b",
    "localhost:4000/#@x",
    "a?b",
    "a#b",
    "a@b",
    "u:p@a",
    "a\\b",
    'a"b',
    "<a>",
    "a|b",
    "",
    "a:b",
    "a:80:80",
    "a:-1",
    "a:65536",
    "a:000080",
    "a:8 0",
    "a%",
    "a%2",
    "a%zz",
    "h".repeat(300),
    "a, b",
    "[",
    "[]",
    "[::1",
    "::1",
    "[::1]x",
    "[::1]80",
    "[:::]",
    "[1:2]",
    "[1:2:3:4:5:6:7:8:9]",
    "[::12345]",
    "[g::]",
    "[1::2::3]",
    "[1.2.3.4]",
    "[::1.2.3]",
    "[::1.2.3.256]",
    "[::01.2.3.4]",
    "[::1.2.3.4:5]",
    "[fe80::1%25eth0]",
    "[v.a]",
    "[vx.a]",
    "[1:2:3:4:5:6:7::8]x",
  ];
  for (const value of values) assert.ok(!isHost(value), value);
});

test("an authority has a port; a host alone is not an authority", () => {
  for (const value of ["a:1", "[::1]:443"]) assert.ok(isAuthority(value), value);
  for (const value of ["a", "a:", "[::1]", ":443", "/", "a/b:1"]) assert.ok(!isAuthority(value), value);
});
