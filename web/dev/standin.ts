import { createHmac, randomBytes, randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Connect, Plugin } from "vite";

/**
 * Stands in for the portal while pages are drawn: `npm run dev` only, never part of a build.
 * With STANDIN_LIVEKIT_URL, _KEY and _SECRET it admits people to a real SFU.
 */
export function standIn(): Plugin {
  const media = process.env["STANDIN_LIVEKIT_URL"] ?? "ws://127.0.0.1:7880";
  const site = {
    name: "Beispielstandort",
    domain: "conf.lab.example",
    mode: process.env["STANDIN_MODE"] ?? "open",
    mode_since: process.env["STANDIN_SINCE"] ?? "2026-11-21T14:02:00Z",
    mode_until: null as string | null,
    contact: "operations@lab.example",
  };
  const siteIn = (scene: string | undefined) => {
    const since = new Date(Date.now() - 1_200_000).toISOString();
    const soon = new Date(Date.now() + 600_000).toISOString();
    if (scene === "isolated") return { ...site, mode: "isolated", mode_since: since };
    if (scene === "rehearsal") return { ...site, mode: "isolated", mode_since: since, mode_until: soon };
    if (scene === "unknown") return { ...site, mode: "unknown", mode_since: null };
    return site;
  };
  interface Planned {
    id: string;
    title: string;
    starts_at: string;
    duration_minutes: number;
    organiser: string;
    mine: boolean;
    participants: number;
    pin: string;
    role: string;
    level: string;
    waiting_room: boolean;
    waiting: number;
    locked: boolean;
    floor_open: boolean;
  }
  const pin = () => String(randomInt(100_000_000)).padStart(8, "0");
  const plan = (
    title: string,
    hours: number,
    minutes: number,
    mine: boolean,
    participants = 0,
    id?: string,
  ): Planned => ({
    id: id ?? randomBytes(16).toString("base64url"),
    title,
    starts_at: new Date(Math.ceil(Date.now() / 900_000) * 900_000 + hours * 3_600_000).toISOString(),
    duration_minutes: minutes,
    organiser: mine ? "Organiser Demo" : "Member Demo",
    mine,
    participants,
    pin: id ? "12345678" : pin(),
    role: mine ? "organiser" : "participant",
    level: mine ? "standard" : "internal",
    waiting_room: true,
    waiting: participants > 0 ? 2 : 0,
    locked: false,
    floor_open: true,
  });
  const initial = () => [
    plan("Lagebesprechung Netzausfall", 0, 60, true, 3, "AAAAAAAAAAAAAAAAAAAAAA"),
    plan("Abstimmung mit der Rechtsabteilung", 1, 45, false),
    plan(
      "Gemeinsame Vorbereitung der außerordentlichen Sitzung des Verwaltungsrats einschließlich aller Unterlagen und Rückfragen",
      26,
      90,
      true,
    ),
    plan("Rückblick Übung", -50, 30, true),
  ];
  let meetings = initial();

  const place = {
    number: 1,
    since: new Date(Date.now() - 240_000).toISOString(),
    message: "Wir sind in fünf Minuten so weit.",
    moved_back: false,
  };
  const level = (name: string, de: string, en: string, waiting_room: string, missing: string[] = []) => ({
    name,
    title: { de, en },
    sentence: {
      de: `Was die Stufe „${de}“ kostet, in einem Satz.`,
      en: `What the level “${en}” costs, in one sentence.`,
    },
    rules: { guests: "link_and_pin", screen_share: "everybody", place: "anywhere", waiting_room },
    available: missing.length === 0,
    missing,
  });
  const levels = {
    default: "standard",
    keys_now: "link",
    levels: [
      level("open", "Offen", "Open", "optional"),
      level("standard", "Standard", "Standard", "guests"),
      level("internal", "Intern", "Internal", "named_guests"),
      level("confidential", "Vertraulich", "Confidential", "everybody", ["second_factor"]),
      level("secret", "Geheim", "Secret", "everybody", ["second_factor", "device"]),
    ],
  };

  const send = (answer: ServerResponse, status: number, body?: unknown) => {
    answer.writeHead(status, { "Content-Type": "application/json" });
    answer.end(body === undefined ? "" : JSON.stringify(body));
  };
  const read = async (request: IncomingMessage): Promise<Record<string, unknown>> => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    return parts.length ? JSON.parse(Buffer.concat(parts).toString()) : {};
  };
  const cookie = (request: IncomingMessage, name: string) =>
    new RegExp(`${name}=([^;]*)`).exec(request.headers.cookie ?? "")?.[1];

  const admission = (room: string, name: string) => {
    const identity = randomBytes(12).toString("base64url");
    const now = Math.floor(Date.now() / 1000);
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const unsigned = `${part({ alg: "HS256", typ: "JWT" })}.${part({
      iss: process.env["STANDIN_LIVEKIT_KEY"] ?? "devkey",
      sub: identity,
      name,
      nbf: now - 5,
      exp: now + 60,
      attributes: {
        kind: name === "Organiser Demo" ? "organiser" : "guest",
        role: name === "Organiser Demo" ? "organiser" : "participant",
        place: name.includes("Außen") ? "outside" : "inside",
      },
      video: { roomJoin: true, room, canPublish: true, canSubscribe: true },
    })}`;
    const signature = createHmac("sha256", process.env["STANDIN_LIVEKIT_SECRET"] ?? "secret").update(unsigned);
    return {
      url: media,
      token: `${unsigned}.${signature.digest("base64url")}`,
      identity,
      room,
      display_name: name,
      expires_at: new Date((now + 60) * 1000).toISOString(),
      cap: process.env["STANDIN_CAP"] ?? "full",
      role: name === "Organiser Demo" ? "organiser" : "participant",
      place: null,
    };
  };

  const use = (middlewares: Connect.Server) => {
    const handle = async (request: IncomingMessage, answer: ServerResponse, next: () => void) => {
      const url = new URL(request.url ?? "/", "http://standin");
      const signedIn = cookie(request, "standin") === "organiser";
      const scene = cookie(request, "scene");
      if (url.pathname === "/oidc/login") {
        answer.writeHead(302, {
          "Set-Cookie": "standin=organiser; Path=/",
          Location: url.searchParams.get("next") ?? "/",
        });
        return answer.end();
      }
      if (!url.pathname.startsWith("/api/")) return next();
      if (scene === "broken" && url.pathname !== "/api/session") return send(answer, 500, {});
      const path = url.pathname.slice("/api/".length).split("/");
      const key = `${request.method} ${path.map((part, at) => (path[0] === "meetings" && at === 1 ? ":id" : part)).join("/")}`;
      const meeting = meetings.find((candidate) => candidate.id === path[1]);
      const body = request.method === "POST" || request.method === "PATCH" ? await read(request) : {};
      if (key === "GET session")
        return send(answer, 200, {
          authenticated: signedIn,
          user: signedIn ? { name: "Organiser Demo", username: "organiser", may_plan: true } : null,
          csrf_token: "stand-in",
          account_language: null,
          language: "de",
          site: siteIn(scene),
        });
      if (key === "POST session/logout") {
        answer.setHeader("Set-Cookie", "standin=; Path=/; Max-Age=0");
        return send(answer, 200, { redirect: "/" });
      }
      if (key === "GET meetings/:id/public") {
        const { mode, mode_since, mode_until } = siteIn(scene);
        return send(answer, 200, { joinable: scene !== "over", pin_needed: true, mode, mode_since, mode_until });
      }
      if (key === "GET levels") return send(answer, 200, levels);
      if (key === "GET meetings/:id/place")
        return send(answer, 200, { ...place, state: scene === "denied" ? "denied" : "waiting" });
      if (key === "DELETE meetings/:id/place") return send(answer, 204);
      if (key === "POST meetings/:id/join") {
        if (scene === "full") return send(answer, 409, { code: "meeting_full" });
        if (scene === "cut") return send(answer, 403, { code: "site_isolated" });
        if (scene === "unknown") return send(answer, 403, { code: "mode_unknown" });
        if (meeting && (scene === "waiting" || scene === "denied") && !signedIn)
          return send(answer, 202, { ...place, place: "secret" });
        if (signedIn && meeting) return send(answer, 200, admission(meeting.id, "Organiser Demo"));
        if (meeting && body["pin"] === meeting.pin)
          return send(answer, 200, admission(meeting.id, String(body["display_name"])));
        return send(answer, 403, { code: "pin_wrong" });
      }
      // No SFU stands behind these pages: nothing to check the connection with.
      if (key === "POST check") return send(answer, 429, { code: "too_many_attempts", retry_after: 60 });
      if (!signedIn) return send(answer, 401, {});
      const open = ({ pin: _, ...rest }: Planned) => rest;
      if (key === "GET meetings") return send(answer, 200, scene === "empty" ? [] : meetings.map(open));
      if (key === "POST meetings") {
        const planned = {
          ...plan(String(body["title"]), 0, Number(body["duration_minutes"]), true),
          starts_at: String(body["starts_at"]),
        };
        meetings = [...meetings, planned];
        return send(answer, 201, planned);
      }
      if (!meeting) return send(answer, 404, {});
      if (key === "GET meetings/:id") return send(answer, 200, open(meeting));
      if (key === "GET meetings/:id/room")
        return send(answer, 200, { version: "1", locked: false, floor_open: true, waiting: [], people: [] });
      if (key === "GET meetings/:id/pin") return send(answer, 200, { pin: meeting.pin });
      if (key === "PATCH meetings/:id") {
        Object.assign(meeting, body);
        return send(answer, 200, open(meeting));
      }
      if (key === "DELETE meetings/:id") {
        meetings = meetings.filter((candidate) => candidate !== meeting);
        return send(answer, 204);
      }
      return send(answer, 404, {});
    };
    middlewares.use((request, answer, next) => void handle(request, answer, next).catch(next));
  };

  return {
    name: "conclave-stand-in",
    configureServer: (server) => use(server.middlewares),
    configurePreviewServer(server) {
      // The built client is looked at under the policy that the edge will send.
      const policy = readFileSync(new URL("../csp.txt", import.meta.url), "utf8")
        .trim()
        .replace("wss://__MEDIA__ https://__MEDIA__", `${media} ${media.replace("ws", "http")}`)
        .replace("https://__SSO__", "");
      server.middlewares.use((_, answer, next) => {
        answer.setHeader("Content-Security-Policy", policy);
        next();
      });
      use(server.middlewares);
    },
  };
}
