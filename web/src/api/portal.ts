import createClient from "openapi-fetch";
import { isMeetingId } from "../e2ee/address";
import type { components, paths } from "./schema";

type Schemas = components["schemas"];
export type Site = Schemas["SiteOut"];
export type Session = Schemas["SessionOut"];
export type Language = Session["language"];
export type Meeting = Schemas["MeetingOut"];
export const endOf = ({ starts_at, duration_minutes }: Pick<Meeting, "starts_at" | "duration_minutes">): Date =>
  new Date(new Date(starts_at).getTime() + duration_minutes * 60_000);
export type Admission = Schemas["AdmissionOut"];
export type Check = Schemas["CheckOut"];
/** Name and PIN of a guest; people who are signed in give neither. */
export type Credentials = Schemas["JoinIn"];
export type Cap = Admission["cap"];
/** Why the portal refuses. */
export type RefusalCode = Schemas["Problem"]["code"];
/** One field that was not accepted, why, and the limit it exceeds. */
export type RefusedField = Schemas["WrongField"];
/** The fields that people fill in. */
export type FieldName = keyof Schemas["JoinIn"] | keyof Schemas["PlanIn"];

interface Details {
  /** Fields that were not accepted, of `invalid`. */
  fields?: readonly RefusedField[];
  /** Seconds until it makes sense to try again, of `too_many_attempts`. */
  retryAfter?: number | undefined;
}

/** The portal refused, failed or did not answer. */
export class PortalError extends Error {
  /** HTTP status; 0: no answer. */
  readonly status: number;
  /** `unreachable`: no answer; `unexpected`: an answer that is not the portal's. */
  readonly code: RefusalCode | "unreachable" | "unexpected";
  readonly fields: readonly RefusedField[];
  readonly retryAfter: number | undefined;

  constructor(status: number, code: PortalError["code"], { fields = [], retryAfter }: Details = {}) {
    super(`the portal answered ${status} ${code}`);
    this.name = "PortalError";
    this.status = status;
    this.code = code;
    this.fields = fields;
    this.retryAfter = retryAfter;
  }
}

let csrfToken = "";

const client = createClient<paths>({ credentials: "same-origin", cache: "no-store" });
client.use({
  onRequest: ({ request }) => {
    if (request.method !== "GET") request.headers.set("X-CSRFToken", csrfToken);
    return request;
  },
  onError: () => new PortalError(0, "unreachable"),
});

/** Reads a refusal. A proxy in front of the portal answers in another form, so nothing is taken for granted. */
export function portalError(status: number, body: unknown): PortalError {
  if (typeof body !== "object" || body === null || !("code" in body)) return new PortalError(status, "unexpected");
  const { code, fields, retry_after } = body as Partial<Schemas["Problem"]>;
  return new PortalError(status, code ?? "unexpected", {
    fields: fields ?? [],
    retryAfter: retry_after ?? undefined,
  });
}

async function answer<T>(request: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await request;
  if (!response.ok) throw portalError(response.status, error);
  return data as T;
}

/** Nothing that cannot be an id leaves this browser: a damaged link may carry the key in its place. */
function at(id: string) {
  if (!isMeetingId(id)) throw new PortalError(404, "meeting_not_found");
  return { params: { path: { meeting_id: id } } };
}

export const portal = {
  session: async (): Promise<Session> => {
    const session = await answer(client.GET("/api/session"));
    csrfToken = session.csrf_token;
    return session;
  },
  signOut: () => answer(client.POST("/api/session/logout")),
  meetings: () => answer(client.GET("/api/meetings")),
  plan: (meeting: Schemas["PlanIn"]) => answer(client.POST("/api/meetings", { body: meeting })),
  meeting: async (id: string) => answer(client.GET("/api/meetings/{meeting_id}", at(id))),
  remove: async (id: string) => answer(client.DELETE("/api/meetings/{meeting_id}", at(id))),
  pin: async (id: string) => answer(client.GET("/api/meetings/{meeting_id}/pin", at(id))),
  joinable: async (id: string) => answer(client.GET("/api/meetings/{meeting_id}/public", at(id))),
  join: async (id: string, credentials: Credentials = {}) =>
    answer(client.POST("/api/meetings/{meeting_id}/join", { ...at(id), body: credentials })),
  /** A room of one's own to check the connection in. */
  check: () => answer(client.POST("/api/check")),
};

/** Where somebody changes what they sign in with. */
export const changeAddress = (what: "password" | "authenticator"): string => `/oidc/login?action=${what}`;
export const signInAddress = (next: string): string => `/oidc/login?next=${encodeURIComponent(next)}`;
