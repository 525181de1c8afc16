import { PortalError, type RefusalCode } from "../../api/portal";
import { JoinError } from "../../call/joinError";
import type { ErrorReason } from "../ErrorPage";

/** Why somebody cannot join: a page of its own, or a sentence in the form, where it can be mended or tried again. */
export type Failure = { show: "page"; reason: ErrorReason } | { show: "form"; error: PortalError };

/** Refusals that no other entry in the form would change. */
const PAGES = {
  meeting_not_found: "notOpen",
  meeting_over: "notOpen",
  not_found: "notOpen",
  meeting_full: "uplinkFull",
  link_void: "linkVoid",
  link_used: "linkUsed",
  site_isolated: "isolated",
  mode_unknown: "modeUnknown",
} as const satisfies Partial<Record<RefusalCode, ErrorReason>>;

const STEPS = {
  encryption: "unsupportedBrowser",
  media: "mediaBlocked",
  identity: "mediaMistrusted",
} as const satisfies Record<JoinError["step"], ErrorReason>;

/** Classifies what was thrown while a meeting was looked up or joined. */
export function failureOf(error: unknown): Failure {
  if (error instanceof JoinError) return { show: "page", reason: STEPS[error.step] };
  if (!(error instanceof PortalError)) return { show: "page", reason: "crashed" };
  const reason = Object.hasOwn(PAGES, error.code) ? PAGES[error.code as keyof typeof PAGES] : undefined;
  return reason ? { show: "page", reason } : { show: "form", error };
}
