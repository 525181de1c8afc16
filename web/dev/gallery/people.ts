import type { LocalVideoTrack } from "livekit-client";
import type { RoomState, Waiter } from "../../src/api/portal";
import type { CallState, DecryptionState, Person, VideoFeed } from "../../src/call/model";

const NAMES = [
  "Organiser Demo",
  "Member Demo",
  "Gast Eins",
  "Gast Zwei",
  "Eine Person mit einem sehr langen Namen und einer Funktionsbezeichnung",
  "Gast Vier",
  "Leitstelle",
  "Recht",
  "Kommunikation",
  "Technik",
  "Verwaltung",
  "Gast Neun",
  "Gast Zehn",
  "Gast Elf",
  "Standort Nord",
  "Standort Süd",
];

/** A still picture that moves enough to be a video: a ground, shoulders, a head. */
function drawn(seed: number, screen: boolean): LocalVideoTrack {
  const canvas = document.createElement("canvas");
  canvas.width = 640;
  canvas.height = 360;
  const draw = () => {
    const pen = canvas.getContext("2d");
    if (!pen) return;
    const hue = (seed * 47) % 360;
    pen.fillStyle = screen ? "#ffffff" : `hsl(${hue} 18% 62%)`;
    pen.fillRect(0, 0, 640, 360);
    if (screen) {
      pen.fillStyle = "#22313a";
      pen.fillRect(0, 0, 640, 40);
      for (let line = 0; line < 12; line += 1) pen.fillRect(40, 70 + line * 22, 200 + ((line * 137) % 330), 9);
      return;
    }
    pen.fillStyle = `hsl(${hue} 24% 34%)`;
    pen.beginPath();
    pen.ellipse(320, 380, 150, 140, 0, 0, Math.PI * 2);
    pen.fill();
    pen.fillStyle = `hsl(${(seed * 23) % 40} 36% ${48 + (seed % 4) * 7}%)`;
    pen.beginPath();
    pen.ellipse(320, 170, 68, 86, 0, 0, Math.PI * 2);
    pen.fill();
  };
  draw();
  const stream = canvas.captureStream(2);
  setInterval(draw, 500);
  const fake = {
    attach: (element: HTMLVideoElement) => {
      element.srcObject = stream;
      return element;
    },
    detach: (element: HTMLVideoElement) => {
      element.srcObject = null;
      return element;
    },
  };
  return fake as unknown as LocalVideoTrack;
}

const picture = (seed: number, state: DecryptionState = "encrypted", screen = false): VideoFeed => ({
  sid: `TR_${seed}${screen}`,
  state,
  track: state === "refused" ? undefined : drawn(seed, screen),
});

function person(n: number, given: Partial<Person> = {}): Person {
  return {
    identity: `identity-${n}`,
    name: NAMES[n % NAMES.length] ?? `Gast ${n}`,
    kind: n === 0 ? "organiser" : n === 1 ? "member" : "guest",
    role: n === 0 ? "organiser" : "participant",
    maySpeak: true,
    mayFilm: true,
    mayShare: true,
    hand: n === 2 ? new Date(2026, 10, 21, 14, 30) : undefined,
    self: n === 0,
    joinedAt: new Date(2026, 10, 21, 14, n),
    microphone: n % 3 !== 2,
    audio: n === 0 ? undefined : "encrypted",
    camera: n % 4 === 3 ? undefined : picture(n),
    screen: undefined,
    screenAudio: undefined,
    speaking: n === 1,
    quality: n === 5 ? "poor" : "good",
    ...given,
  };
}

const people = (count: number) => Array.from({ length: count }, (_, n) => person(n));

function state(who: readonly Person[], given: Partial<CallState> = {}): CallState {
  return {
    phase: "connected",
    stalled: false,
    ended: undefined,
    people: who,
    refusals: [],
    alarms: [],
    role: "participant",
    maySpeak: true,
    mayFilm: true,
    mayShare: true,
    sending: { microphone: true, camera: true, screen: false },
    autoplayBlocked: false,
    deviceFailed: undefined,
    noise: "off",
    cap: "full",
    outside: false,
    announcement: undefined,
    removedByIsolation: [],
    question: undefined,
    closesAt: undefined,
    ...given,
  };
}

const refusal = { sid: "TR_9", identity: "identity-2", name: "Gast Eins", kind: "video", at: new Date() } as const;

const waiter = (number: number, name: string, given: Partial<Waiter> = {}): Waiter => ({
  number,
  name,
  kind: "guest",
  outside: true,
  since: new Date(2026, 10, 21, 14, 2).toISOString(),
  away: false,
  moved_back: false,
  message: "",
  expected: null,
  note: null,
  ...given,
});

/** What those see who lead the meeting. */
export const led: RoomState = {
  version: "1",
  locked: true,
  floor_open: false,
  floor_waits: true,
  missing: ["Gast Sieben", "Speaker Vier"],
  cameras_open: true,
  sharing_open: true,
  chat_open: true,
  sharing: "everybody",
  ends_at: "2126-11-30T15:00:00Z",
  closes_at: "2126-11-30T17:00:00Z",
  waiting: [
    waiter(4, "Gast Sieben", { expected: "link" }),
    waiter(5, "0rganiser Demo", { note: "lookalike" }),
    waiter(6, "Member Zwei", { kind: "member", outside: false, away: true }),
  ],
  people: [],
};

/** Every state of the call that is hard to bring about by hand. */
export const scenes: Record<string, () => CallState> = {
  alone: () => state(people(1)),
  two: () => state(people(2)),
  four: () => state(people(4)),
  fourteen: () => state(people(14)),
  fifty: () => state(people(50)),
  screen: () => state([person(0), person(1, { screen: picture(1, "encrypted", true) }), ...people(6).slice(2)]),
  blocked: () =>
    state([person(0), person(1), person(2, { camera: picture(2, "refused"), audio: "refused" }), person(3)], {
      refusals: [refusal],
      alarms: [refusal],
    }),
  differs: () => state([person(0), person(1), person(2, { camera: picture(2, "keyMismatch"), audio: "keyMismatch" })]),
  wrongkey: () =>
    state([
      person(0),
      person(1, { camera: picture(1, "keyMismatch"), audio: "keyMismatch" }),
      person(2, { camera: picture(2, "keyMismatch"), audio: "keyMismatch" }),
    ]),
  checking: () => state([person(0), person(1, { camera: picture(1, "checking"), audio: "checking" })]),
  reconnecting: () =>
    state(people(4), { phase: "reconnecting", sending: { microphone: false, camera: false, screen: false } }),
  leading: () => state(people(4)),
  floor: () =>
    state(
      people(4).map((who) => (who.self ? { ...who, role: "participant" as const, maySpeak: false } : who)),
      {
        role: "participant",
        maySpeak: false,
        sending: { microphone: false, camera: true, screen: false },
      },
    ),
  isolated: () => state(people(4), { removedByIsolation: ["Gast Neun", "Gast Zehn"] }),
  rehearsal: () => state(people(4)),
  capped: () => state(people(6), { cap: "180p", outside: true }),
  audio: () =>
    state(
      people(5).map((who) => ({ ...who, camera: undefined })),
      { cap: "audio", outside: true, sending: { microphone: true, camera: false, screen: false } },
    ),
  strips: () =>
    state(people(3), {
      autoplayBlocked: true,
      deviceFailed: { what: "microphone", why: "busy" },
      sending: { microphone: false, camera: true, screen: true },
    }),
};
