import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";

import { errorCode } from "../../core/errno.ts";

/** The built dashboard: beside the compiled code in the package, in `dist/` in a checkout. */
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

/** Allows only scripts and styles of this origin: text from a record can be displayed but never run. */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
  "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/** A file of the dashboard, or its single page for every other path below `/ui/`; `undefined` for all other paths. */
export async function findPage(path: string): Promise<Response | undefined> {
  if (path === "/ui") return redirect(BASE);
  if (!path.startsWith(BASE)) return undefined;
  const name = path.slice(BASE.length);
  // Matches only file names that the build creates, so no path leads out of the folder.
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
  // An asset's name contains a hash of its content.
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
  const text = "The dashboard has not been built. Run `npm run build` in the checkout and reload this page.\n";
  return new Response(text, { status: 503, headers: { "content-type": "text/plain; charset=utf-8" } });
}
