import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";

import { errorCode } from "../../core/errno.ts";

/** Where the built pages are: beside the compiled code in the package, in `dist/` of a checkout. */
const folder = new URL(
  import.meta.url.endsWith(".ts") ? "../../../dist/dashboard/" : "../../../dashboard/",
  import.meta.url,
);

const BASE = "/ui/";

const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
};

/** Scripts and styles of our own alone: what a record holds can at worst be shown. */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
  "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/** A file of the dashboard, or its one page for every address below `/ui/`; `undefined` for paths that are neither. */
export async function findPage(path: string): Promise<Response | undefined> {
  if (path === "/ui") return redirect(BASE);
  if (!path.startsWith(BASE)) return undefined;
  const name = path.slice(BASE.length);
  // The names that the build gives; nothing here leads out of the folder.
  const isFile = /^(?:assets\/)?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+$/.test(name);
  const bytes = isFile ? await readPage(name) : undefined;
  if (bytes !== undefined) return fileResponse(name, bytes);
  if (name.startsWith("assets/")) return undefined;
  const page = await readPage("index.html");
  return page === undefined ? notBuilt() : fileResponse("index.html", page);
}

async function readPage(name: string): Promise<Buffer<ArrayBuffer> | undefined> {
  try {
    return Buffer.from(await readFile(fileURLToPath(new URL(name, folder))));
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return undefined;
    throw error;
  }
}

function fileResponse(name: string, bytes: Buffer<ArrayBuffer>): Response {
  // The names of assets hold a hash of their content.
  const caching = name.startsWith("assets/") ? "public, max-age=31536000, immutable" : "no-cache";
  return new Response(bytes, {
    headers: {
      "content-type": contentTypes[extname(name)] ?? "application/octet-stream",
      "cache-control": caching,
      "content-security-policy": PAGE_POLICY,
    },
  });
}

function redirect(location: string): Response {
  return new Response(null, { status: 302, headers: { location } });
}

function notBuilt(): Response {
  const text =
    "The dashboard has not been built here. Run `npm run build` in the checkout, and load this page again.\n";
  return new Response(text, { status: 503, headers: { "content-type": "text/plain; charset=utf-8" } });
}
