import assert from "node:assert/strict";
import { test } from "node:test";
import type { Provider } from "../../core/provider.ts";
import { findRoute } from "./route.ts";

function provider(name: string, pathPrefix: string): Provider {
  const upstream = { secure: true, host: "provider.test", port: 443, pathPrefix, authority: "provider.test" };
  return { name, upstream, exclusiveReasoning: false, onClientAbort: "cancel" };
}

const providers = new Map([provider("openai", ""), provider("based", "/base/v1")].map((each) => [each.name, each]));

const routed: ReadonlyArray<readonly [string, string, string, string, string]> = [
  // target, upstream target, endpoint, path, query
  ["/openai/v1/models", "/v1/models", "/openai/v1/models", "/v1/models", ""],
  ["/openai/v1/models?a=b?c", "/v1/models?a=b?c", "/openai/v1/models", "/v1/models", "a=b?c"],
  ["/openai/", "/", "/openai/", "/", ""],
  ["/openai", "/", "/openai", "", ""],
  ["/openai?a=/b/c", "/?a=/b/c", "/openai", "", "a=/b/c"],
  ["/openai?", "/?", "/openai", "", ""],
  ["/openai//evil.test/x", "//evil.test/x", "/openai//evil.test/x", "//evil.test/x", ""],
  ["/openai/@evil.test", "/@evil.test", "/openai/@evil.test", "/@evil.test", ""],
  ["/openai/http://evil.test/x", "/http://evil.test/x", "/openai/http://evil.test/x", "/http://evil.test/x", ""],
  ["/openai/a%2Fb%20c;d=e:f", "/a%2Fb%20c;d=e:f", "/openai/a%2Fb%20c;d=e:f", "/a%2Fb%20c;d=e:f", ""],
  ["/based/models", "/base/v1/models", "/based/models", "/models", ""],
  ["/based", "/base/v1", "/based", "", ""],
  ["/based?x", "/base/v1?x", "/based", "", "x"],
];

for (const [target, upstreamTarget, endpoint, path, query] of routed) {
  test(`S1: ${target} is forwarded as ${upstreamTarget}, byte for byte`, () => {
    const { provider: found, ...route } = findRoute(target, providers) ?? assert.fail("no route");
    assert.equal(found.name, target.startsWith("/openai") ? "openai" : "based");
    assert.deepEqual(route, { upstreamTarget, endpoint, path, query });
  });
}

const unrouted = [
  "/",
  "//",
  "//openai/x",
  "/?/openai/",
  "/OPENAI/x",
  "/open%61i/x",
  "/openai.evil.test/x",
  "/openai@evil.test/x",
  "/openai:81@evil.test/x",
  "/openai;x/y",
  "/openai%2fx",
  "/openaix/y",
  "/__proto__/x",
  "/constructor/x",
];

for (const target of unrouted) {
  test(`S1, S3: ${target} has no route: a prefix must match up to a slash, a question mark or the end`, () => {
    assert.equal(findRoute(target, providers), undefined);
  });
}
