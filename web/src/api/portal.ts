import createClient from "openapi-fetch";
import { isMeetingId } from "../e2ee/address";
import { type ServerEvent, serverEvents } from "./events";
import type { components, paths } from "./schema";

type Schemas = components["schemas"];
export type Site = Schemas["SiteOut"];
export type Session = Schemas["SessionOut"];
export type Language = Session["language"];
export type Meeting = Schemas["MeetingOut"];
export const endOf = ({ starts_at, duration_minutes }: Pick<Meeting, "starts_at" | "duration_minutes">): Date =>
  new Date(new Date(starts_at).getTime() + duration_minutes * 60_000);
export type Plan = Schemas["PlanIn"];
export type Change = Schemas["EditIn"];
/** A meeting's security level, as it is in force at this site. */
export type Level = Schemas["LevelOut"];
export type Rules = Schemas["Rules"];
export type Levels = Schemas["LevelsOut"];
export type Admission = Schemas["AdmissionOut"];
/** Somebody's place before the door of a meeting: its secret, and what they are told. */
export type Waiting = Schemas["WaitingOut"];
/** What has become of a place. */
export type Place = Schemas["PlaceOut"];
/** What somebody may do in a meeting. */
export type Role = Admission["role"];
/** A meeting as those see it who lead it. */
export type RoomState = Schemas["RoomOut"];
export type Waiter = Schemas["Waiting"];
export type Source = Schemas["MuteIn"]["source"];
/** What an organiser asks somebody to switch on. */
export type Asked = Schemas["AskIn"]["what"];
/** What one person is let send, whatever holds for everybody. */
export type Grant = Schemas["GrantIn"]["what"];
/** How somebody is turned away or sent out: with a sentence or without, for the whole meeting or not. */
export type Refusal = Schemas["DenyIn"];
export type Check = Schemas["CheckOut"];
/** Name and PIN of a guest; people who are signed in give neither. */
export type Credentials = Pick<Schemas["JoinIn"], "display_name" | "pin" | "personal">;
/** Somebody who is expected at a meeting, and whether they were told of before it. */
export type Expected = Schemas["ExpectedOut"];
export type ExpectedPerson = Schemas["ExpectedIn"];
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

const atNumber = (id: string, number: number) => ({ params: { path: { ...at(id).params.path, number } } });
const atPerson = (id: string, identity: string) => ({ params: { path: { ...at(id).params.path, identity } } });
const isId = (id: string) => at(id).params.path.meeting_id;
const atPlace = (id: string, place: string) => ({ params: { ...at(id).params, header: holding(place) } });
const holding = (place: string) => ({ "X-Place": place });

/** Either in, or before the door. */
export type Entrance = { admitted: true; admission: Admission } | { admitted: false; waiting: Waiting };

/** Server-sent events. The browser's own EventSource can send no header, and the place's secret belongs in no address. */
async function* listen(path: string, signal: AbortSignal, headers: HeadersInit = {}): AsyncGenerator<ServerEvent> {
  let response: Response;
  try {
    response = await fetch(path, { headers, signal, cache: "no-store", credentials: "same-origin" });
  } catch {
    throw new PortalError(0, "unreachable");
  }
  if (!response.ok || !response.body) throw portalError(response.status, await response.json().catch(() => undefined));
  yield* serverEvents(response.body);
}

export const portal = {
  session: async (): Promise<Session> => {
    const session = await answer(client.GET("/api/session"));
    csrfToken = session.csrf_token;
    return session;
  },
  signOut: () => answer(client.POST("/api/session/logout")),
  meetings: () => answer(client.GET("/api/meetings")),
  levels: (): Promise<Levels> => answer(client.GET("/api/levels")),
  plan: (meeting: Plan) => answer(client.POST("/api/meetings", { body: meeting })),
  change: async (id: string, change: Change) =>
    answer(client.PATCH("/api/meetings/{meeting_id}", { ...at(id), body: change })),
  meeting: async (id: string) => answer(client.GET("/api/meetings/{meeting_id}", at(id))),
  /** `following`: and all repetitions after it. */
  remove: async (id: string, following = false) => {
    const { path } = at(id).params;
    return answer(client.DELETE("/api/meetings/{meeting_id}", { params: { path, query: { following } } }));
  },
  /** Counts a new link, whose key this browser has made. */
  renewLink: async (id: string) => answer(client.POST("/api/meetings/{meeting_id}/link", at(id))),
  expected: async (id: string) => answer(client.GET("/api/meetings/{meeting_id}/expected", at(id))),
  expect: async (id: string, body: ExpectedPerson) =>
    answer(client.POST("/api/meetings/{meeting_id}/expected", { ...at(id), body })),
  unexpect: async (id: string, number: number) =>
    answer(client.DELETE("/api/meetings/{meeting_id}/expected/{number}", atNumber(id, number))),
  makeLink: async (id: string, number: number) =>
    answer(client.POST("/api/meetings/{meeting_id}/expected/{number}/link", atNumber(id, number))),
  revokeLink: async (id: string, number: number) =>
    answer(client.DELETE("/api/meetings/{meeting_id}/expected/{number}/link", atNumber(id, number))),
  pin: async (id: string) => answer(client.GET("/api/meetings/{meeting_id}/pin", at(id))),
  joinable: async (id: string) => answer(client.GET("/api/meetings/{meeting_id}/public", at(id))),
  /** Joins with name and PIN, as the signed-in person, or with a place that was given before. */
  join: async (id: string, credentials: Credentials = {}, place?: string): Promise<Entrance> => {
    const body = place === undefined ? credentials : { ...credentials, place };
    const request = client.POST("/api/meetings/{meeting_id}/join", { ...at(id), body });
    const { status } = (await request).response;
    const entrance = await answer<Admission | Waiting>(request);
    return status === 202
      ? { admitted: false, waiting: entrance as Waiting }
      : { admitted: true, admission: entrance as Admission };
  },
  /** What has become of a place. Its secret travels in a header: addresses are logged. */
  place: async (id: string, place: string): Promise<Place> =>
    answer(client.GET("/api/meetings/{meeting_id}/place", atPlace(id, place))),
  placeEvents: (id: string, place: string, signal: AbortSignal) =>
    listen(`/api/meetings/${isId(id)}/place/events`, signal, holding(place)),
  giveUp: async (id: string, place: string) =>
    answer(client.DELETE("/api/meetings/{meeting_id}/place", atPlace(id, place))),
  room: async (id: string): Promise<RoomState> => answer(client.GET("/api/meetings/{meeting_id}/room", at(id))),
  roomEvents: (id: string, signal: AbortSignal) => listen(`/api/meetings/${isId(id)}/room/events`, signal),
  setRoom: async (id: string, body: Schemas["RoomIn"]) =>
    answer(client.PATCH("/api/meetings/{meeting_id}/room", { ...at(id), body })),
  admit: async (id: string, number: number) =>
    answer(client.POST("/api/meetings/{meeting_id}/waiting/{number}/admit", atNumber(id, number))),
  admitAll: async (id: string, numbers: number[]) =>
    answer(client.POST("/api/meetings/{meeting_id}/waiting/admit", { ...at(id), body: { numbers } })),
  deny: async (id: string, number: number, body: Refusal) =>
    answer(client.POST("/api/meetings/{meeting_id}/waiting/{number}/deny", { ...atNumber(id, number), body })),
  tell: async (id: string, number: number, text: string) =>
    answer(
      client.POST("/api/meetings/{meeting_id}/waiting/{number}/message", { ...atNumber(id, number), body: { text } }),
    ),
  expel: async (id: string, identity: string, body: Refusal) =>
    answer(client.POST("/api/meetings/{meeting_id}/people/{identity}/remove", { ...atPerson(id, identity), body })),
  mute: async (id: string, identity: string, source: Source) =>
    answer(
      client.POST("/api/meetings/{meeting_id}/people/{identity}/mute", { ...atPerson(id, identity), body: { source } }),
    ),
  grantSpeech: async (id: string, identity: string, granted: boolean) =>
    answer(
      client.POST("/api/meetings/{meeting_id}/people/{identity}/speech", {
        ...atPerson(id, identity),
        body: { granted },
      }),
    ),
  grant: async (id: string, identity: string, what: Grant, granted: boolean) =>
    answer(
      client.POST("/api/meetings/{meeting_id}/people/{identity}/grant", {
        ...atPerson(id, identity),
        body: { what, granted },
      }),
    ),
  lowerHand: async (id: string, identity: string) =>
    answer(client.POST("/api/meetings/{meeting_id}/people/{identity}/hand", atPerson(id, identity))),
  ask: async (id: string, identity: string, what: Asked) =>
    answer(
      client.POST("/api/meetings/{meeting_id}/people/{identity}/ask", { ...atPerson(id, identity), body: { what } }),
    ),
  stop: async (id: string) => answer(client.POST("/api/meetings/{meeting_id}/stop", at(id))),
  extend: async (id: string, minutes: number) =>
    answer(client.POST("/api/meetings/{meeting_id}/extend", { ...at(id), body: { minutes } })),
  /** One's own hand, and one's answer to an organiser: with a place, or as the signed-in person. */
  raiseHand: async (id: string, raised: boolean, place = "") =>
    answer(client.POST("/api/meetings/{meeting_id}/hand", { ...atPlace(id, place), body: { raised } })),
  answer: async (id: string, what: Asked, agreed: boolean, place = "") =>
    answer(client.POST("/api/meetings/{meeting_id}/answer", { ...atPlace(id, place), body: { what, agreed } })),
  moveBack: async (id: string, identity: string) =>
    answer(client.POST("/api/meetings/{meeting_id}/people/{identity}/back", atPerson(id, identity))),
  setCoOrganiser: async (id: string, identity: string, co_organiser: boolean) =>
    answer(
      client.POST("/api/meetings/{meeting_id}/people/{identity}/role", {
        ...atPerson(id, identity),
        body: { co_organiser },
      }),
    ),
  end: async (id: string) => answer(client.POST("/api/meetings/{meeting_id}/end", at(id))),
  /** A room of one's own to check the connection in. */
  check: () => answer(client.POST("/api/check")),
};

/** Where somebody changes what they sign in with. */
export const changeAddress = (what: "password" | "authenticator"): string => `/oidc/login?action=${what}`;
export const signInAddress = (next: string): string => `/oidc/login?next=${encodeURIComponent(next)}`;
