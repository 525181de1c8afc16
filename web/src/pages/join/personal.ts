import { personalToken } from "../../e2ee/keyStore";

/** One secret of this browser; it says nothing of any meeting. */
const STORED = "conclave.device";
const BYTES = 32;

const base64url = (bytes: Uint8Array) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");

function ownSecret(): string {
  const stored = localStorage.getItem(STORED);
  if (stored !== null) return stored;
  const fresh = base64url(crypto.getRandomValues(new Uint8Array(BYTES)));
  localStorage.setItem(STORED, fresh);
  return fresh;
}

/**
 * The personal link that was opened in this tab, with a secret that binds it to this browser. Each link gets another one,
 * so that the portal cannot tell that two links were used on the same device.
 */
export async function personalLink(id: string): Promise<{ token: string; device: string } | undefined> {
  const token = personalToken(id);
  if (token === undefined) return undefined;
  const bytes = new TextEncoder().encode(`${ownSecret()} ${token}`);
  return { token, device: base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))) };
}
