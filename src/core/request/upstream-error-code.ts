import { errorCode, errorText } from "../errno.ts";

interface UpstreamErrorDefinition {
  /** The codes of Node.js, of the system and of OpenSSL that mean this. */
  readonly codes: readonly string[];
  readonly meaning: string;
  /** What the operator can do. */
  readonly remedy: string;
}

const CERTIFICATE = "Compare with: openssl s_client -connect HOST:PORT -servername HOST.";
const NETWORK = "Check routes, firewalls and proxies between this machine and the provider.";

/**
 * Why a provider could not be reached, or ended a connection. The record's `error_code` and `lmgate doctor` use these names.
 * They are in the order in which a connection gets to them, so that of several failed attempts the last one says the most.
 */
export const UPSTREAM_ERRORS = {
  dns_failed: {
    codes: ["EAI_AGAIN", "EAI_FAIL", "EAI_MEMORY", "EAI_SYSTEM", "ESERVFAIL", "EREFUSED", "ECANCELLED"],
    meaning: "the resolver failed",
    remedy: "Check this machine's resolver (/etc/resolv.conf).",
  },
  dns_not_found: {
    codes: ["ENOTFOUND", "EAI_NONAME", "EAI_NODATA", "ENODATA"],
    meaning: "the host name has no address",
    remedy: "Check the host name in the provider's upstream, and this machine's DNS.",
  },
  dns_timeout: { codes: [], meaning: "the resolver did not respond in time", remedy: "Check this machine's resolver." },
  open_files: {
    codes: ["EMFILE", "ENFILE"],
    meaning: "this process or this machine may open no more files",
    remedy: "Raise the limit: ulimit -n 65536, or LimitNOFILE= in the systemd unit.",
  },
  no_local_port: {
    codes: ["EADDRNOTAVAIL", "EADDRINUSE"],
    meaning: "this machine has no free port or no address for the connection",
    remedy: "Look for too many connections to one address (ss -s).",
  },
  not_permitted: {
    codes: ["EACCES", "EPERM"],
    meaning: "a firewall of this machine forbids the connection",
    remedy: "Check this machine's firewall.",
  },
  unreachable: {
    codes: ["EHOSTUNREACH", "ENETUNREACH", "EHOSTDOWN", "ENETDOWN", "ETIMEDOUT"],
    meaning: "there is no route to the provider, or it stopped acknowledging packets",
    remedy: NETWORK,
  },
  connect_timeout: { codes: [], meaning: "no TCP connection in time", remedy: NETWORK },
  port_closed: {
    codes: ["ECONNREFUSED"],
    meaning: "nothing listens on the port",
    remedy: "Check the port in the provider's upstream, and that the server is running.",
  },
  proxy_loop: {
    codes: [],
    meaning: "the address is LMGate's own",
    remedy: "Set the provider's upstream to the provider, not to LMGate.",
  },
  tls_timeout: { codes: [], meaning: "the TLS handshake did not end in time", remedy: NETWORK },
  tls_not_spoken: {
    codes: [
      "ERR_SSL_WRONG_VERSION_NUMBER",
      "ERR_SSL_PACKET_LENGTH_TOO_LONG",
      "ERR_SSL_HTTP_REQUEST",
      "ERR_SSL_RECORD_LAYER_FAILURE",
      "ERR_SSL_INVALID_RECORD_TYPE",
    ],
    meaning: "the port does not speak TLS",
    remedy: "Use http:// in the provider's upstream, or the port for https://.",
  },
  tls_version: {
    codes: [
      "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION",
      "ERR_SSL_UNSUPPORTED_PROTOCOL",
      "ERR_SSL_VERSION_TOO_LOW",
      "ERR_SSL_NO_PROTOCOLS_AVAILABLE",
    ],
    meaning: "there is no TLS version that both sides accept",
    remedy: "The provider must offer TLS 1.2 or 1.3.",
  },
  tls_alpn: {
    codes: ["ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL", "ERR_SSL_NO_APPLICATION_PROTOCOL"],
    meaning: "the provider does not offer HTTP/1.1 (ALPN)",
    remedy: "LMGate needs HTTP/1.1: enable it on the server, or use another address of the provider.",
  },
  tls_handshake: {
    codes: [
      "ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE",
      "ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE",
      "ERR_SSL_TLSV1_UNRECOGNIZED_NAME",
      "ERR_SSL_TLSV1_ALERT_UNRECOGNIZED_NAME",
      "ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR",
      "ERR_SSL_TLSV1_ALERT_ACCESS_DENIED",
      "ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_UNKNOWN",
    ],
    meaning: "the provider rejected the TLS handshake: the server name, the ciphers, or, up to TLS 1.2, no certificate",
    remedy: CERTIFICATE,
  },
  tls_failed: { codes: [], meaning: "another TLS error", remedy: CERTIFICATE },
  tls_certificate_invalid: {
    codes: [
      "CERT_SIGNATURE_FAILURE",
      "CERT_REVOKED",
      "CERT_REJECTED",
      "INVALID_PURPOSE",
      "PATH_LENGTH_EXCEEDED",
      "CERT_CHAIN_TOO_LONG",
      "EE_KEY_TOO_SMALL",
      "CA_KEY_TOO_SMALL",
      "CA_MD_TOO_WEAK",
      "ERROR_IN_CERT_NOT_BEFORE_FIELD",
      "ERROR_IN_CERT_NOT_AFTER_FIELD",
      "UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY",
      "ERR_TLS_CERT_ALTNAME_FORMAT",
    ],
    meaning: "the provider's certificate is invalid",
    remedy: CERTIFICATE,
  },
  tls_unknown_ca: {
    codes: [
      "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      "UNABLE_TO_GET_ISSUER_CERT",
      "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
      "SELF_SIGNED_CERT_IN_CHAIN",
      "DEPTH_ZERO_SELF_SIGNED_CERT",
      "CERT_UNTRUSTED",
      "INVALID_CA",
    ],
    meaning: "the provider's certificate is signed by an authority that this machine does not trust",
    remedy: "For a private certificate authority set NODE_EXTRA_CA_CERTS.",
  },
  tls_not_yet_valid: {
    codes: ["CERT_NOT_YET_VALID"],
    meaning: "the provider's certificate is not valid yet",
    remedy: "Check this machine's clock.",
  },
  tls_expired: {
    codes: ["CERT_HAS_EXPIRED"],
    meaning: "the provider's certificate has expired",
    remedy: "The provider must renew it. Check this machine's clock.",
  },
  tls_name_mismatch: {
    codes: ["ERR_TLS_CERT_ALTNAME_INVALID", "HOSTNAME_MISMATCH"],
    meaning: "the provider's certificate is for another name",
    remedy: "Use a name of the certificate in the provider's upstream.",
  },
  tls_client_certificate_required: {
    codes: ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "ERR_SSL_TLSV1_ALERT_CERTIFICATE_REQUIRED"],
    meaning: "the provider demands a client certificate",
    remedy: "LMGate has no client certificates: put a TLS client such as stunnel or nginx between the two.",
  },
  closed: {
    codes: [],
    meaning: "the provider closed the connection",
    remedy: "Look into the provider's log or status page.",
  },
  reset: {
    codes: ["ECONNRESET", "EPIPE", "ECONNABORTED"],
    meaning: "the connection was reset, or closed within the TLS handshake",
    remedy: "Check proxies between this machine and the provider, and the provider's status page.",
  },
} as const satisfies Readonly<Record<string, UpstreamErrorDefinition>>;

export type UpstreamErrorCode = keyof typeof UPSTREAM_ERRORS;

// as: the names of the table
const NAMES = Object.keys(UPSTREAM_ERRORS) as readonly UpstreamErrorCode[];
const BY_SYSTEM_CODE: ReadonlyMap<string, UpstreamErrorCode> = new Map(
  NAMES.flatMap((name) => UPSTREAM_ERRORS[name].codes.map((code) => [code, name] as const)),
);
const RANK: ReadonlyMap<UpstreamErrorCode, number> = new Map(NAMES.map((name, rank) => [name, rank]));

/** `undefined` for an error that the table does not have. */
export function upstreamErrorCode(error: unknown): UpstreamErrorCode | undefined {
  const code = systemCodeOf(error);
  if (code === undefined) return undefined;
  const known = BY_SYSTEM_CODE.get(code);
  if (known !== undefined) return known;
  if (code.startsWith("EAI_")) return "dns_failed";
  return code.startsWith("ERR_SSL_") || code.startsWith("ERR_TLS_") ? "tls_failed" : undefined;
}

/** Node.js reports a TLS error that a write meets as EPROTO, with OpenSSL's reason only in the message. */
function systemCodeOf(error: unknown): string | undefined {
  const code = errorCode(error);
  if (code !== "EPROTO") return code;
  const [, reason] = /SSL routines:[^:]*:([^:]+)/.exec(errorText(error)) ?? [];
  return `ERR_SSL_${(reason ?? "").trim().toUpperCase().replaceAll(" ", "_")}`;
}

/** Of the codes of two attempts, the one that got further. */
export function moreTelling(
  left: UpstreamErrorCode | undefined,
  right: UpstreamErrorCode | undefined,
): UpstreamErrorCode | undefined {
  const rank = (code: UpstreamErrorCode | undefined): number => (code === undefined ? -1 : (RANK.get(code) ?? -1));
  return rank(right) > rank(left) ? right : left;
}
