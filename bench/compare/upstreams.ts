import { join } from "node:path";
import { startNginx } from "../nginx.ts";
import { chatCompletion } from "./responses.ts";
import type { Children } from "./children.ts";
import { freePorts } from "./free-ports.ts";
import type { Upstreams } from "./target.ts";

const fixtures = join(import.meta.dirname, "../../test/fixtures/tls");
const CERTIFICATE = join(fixtures, "server.pem");
const PRIVATE_KEY = join(fixtures, "server-key.pem");

/** Starts the upstreams: nginx for small responses, plain and over TLS, bench-upstream.ts for streams and large bodies. */
export async function startUpstreams(children: Children, directory: string): Promise<Upstreams> {
  const [openai = 0, tls = 0, streams = 0, tlsStreams = 0] = await freePorts(4);
  const location = `gzip on; gzip_types application/json; gzip_comp_level 1;
    location / { default_type application/json; add_header x-request-id bench; return 200 '${chatCompletion()}'; }`;
  await startNginx(
    join(directory, "upstream"),
    openai,
    `server { listen 127.0.0.1:${openai} backlog=4096; ${location} }
     server { listen 127.0.0.1:${tls} ssl backlog=4096; ssl_certificate ${CERTIFICATE}; ssl_certificate_key ${PRIVATE_KEY}; ${location} }`,
    (child) => void children.adopt(child),
  );
  const file = join(import.meta.dirname, "../bench-upstream.ts");
  const ports = [String(streams), String(tlsStreams)];
  await children.startListening(tlsStreams, [process.execPath, file, ...ports, CERTIFICATE, PRIVATE_KEY]);
  return { openai, streams, tls, "tls-streams": tlsStreams };
}
