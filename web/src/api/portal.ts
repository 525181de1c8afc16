import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

type Schemas = components["schemas"];
export type Site = Schemas["SiteOut"];
export type Session = Schemas["SessionOut"];
export type Meeting = Schemas["MeetingOut"];
export type Admission = Schemas["AdmissionOut"];
export type Check = Schemas["CheckOut"];
export type JoinAs = Schemas["JoinIn"];
export type Cap = Admission["cap"];
export type Refusal = Schemas["Problem"]["code"];

/** The portal said no, or did not answer (`status` 0). */
export class PortalError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string) {
    super(`the portal answered ${status} ${code}`);
    this.name = "PortalError";
    this.status = status;
    this.code = code;
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

async function answer<T>(asked: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await asked;
  if (!response.ok) {
    const code = error && typeof error === "object" && "code" in error ? String(error.code) : "";
    throw new PortalError(response.status, code);
  }
  return data as T;
}

const at = (id: string) => ({ params: { path: { meeting_id: id } } });

export const portal = {
  session: async (): Promise<Session> => {
    const session = await answer(client.GET("/api/session"));
    csrfToken = session.csrf_token;
    return session;
  },
  signOut: () => answer(client.POST("/api/session/logout")),
  meetings: () => answer(client.GET("/api/meetings")),
  plan: (meeting: Schemas["PlanIn"]) => answer(client.POST("/api/meetings", { body: meeting })),
  meeting: (id: string) => answer(client.GET("/api/meetings/{meeting_id}", at(id))),
  remove: (id: string) => answer(client.DELETE("/api/meetings/{meeting_id}", at(id))),
  pin: (id: string) => answer(client.GET("/api/meetings/{meeting_id}/pin", at(id))),
  joinable: (id: string) => answer(client.GET("/api/meetings/{meeting_id}/public", at(id))),
  /** Guests name themselves and give the PIN; signed-in people need neither. */
  join: (id: string, guest: JoinAs = {}) =>
    answer(client.POST("/api/meetings/{meeting_id}/join", { ...at(id), body: guest })),
  /** A room of one's own to check the connection in. */
  check: () => answer(client.POST("/api/check")),
};

export const signInAddress = (next: string): string => `/oidc/login?next=${encodeURIComponent(next)}`;
