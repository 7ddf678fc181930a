/** Certificates made at the time of the test, with openssl. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

export interface Identity {
  readonly key: string;
  readonly cert: string;
}

/** A certificate authority of the test. */
export interface TestAuthority {
  /** The path of its certificate, for NODE_EXTRA_CA_CERTS. */
  readonly path: string;
  readonly cert: string;
  /** A certificate for names such as `DNS:localhost,IP:127.0.0.1`; a negative number of days is in the past. */
  issue(names: string, days?: number): Promise<Identity>;
  remove(): Promise<void>;
}

/** `undefined` without openssl. */
export async function openTestAuthority(): Promise<TestAuthority | undefined> {
  const directory = await mkdtemp(join(tmpdir(), "lmgate-test-"));
  const [keyPath, path] = [join(directory, "ca-key.pem"), join(directory, "ca.pem")];
  const remove = async (): Promise<void> => rm(directory, { recursive: true });
  try {
    await run("openssl", ["req", "-x509", ...NEW_KEY, "-subj", "/CN=Test CA", "-keyout", keyPath, "-out", path]);
  } catch {
    await remove();
    return undefined;
  }
  let issued = 0;
  const issue = async (names: string, days = 30): Promise<Identity> => {
    const number = issued++;
    const file = (kind: string): string => join(directory, `${number}-${kind}.pem`);
    const subject = ["-subj", "/CN=test", "-addext", `subjectAltName=${names}`];
    await run("openssl", ["req", ...NEW_KEY, ...subject, "-keyout", file("key"), "-out", file("request")]);
    const sign = ["-copy_extensions", "copyall", "-days", String(days), "-CA", path, "-CAkey", keyPath];
    await run("openssl", ["x509", "-req", ...sign, "-in", file("request"), "-out", file("cert")]);
    return { key: await readFile(file("key"), "utf8"), cert: await readFile(file("cert"), "utf8") };
  };
  return { path, cert: await readFile(path, "utf8"), issue, remove };
}
