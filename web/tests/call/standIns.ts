import type { CallState, Person } from "../../src/call/model";
import type { CallActions } from "../../src/call/view/CallView";

const nothing = async () => {};

/** Somebody in a call. */
export const person = (given: Partial<Person> = {}): Person => ({
  identity: "p-a",
  name: "Anna Muster",
  kind: "guest",
  role: "participant",
  maySpeak: true,
  mayFilm: true,
  mayShare: true,
  hand: undefined,
  self: false,
  joinedAt: undefined,
  microphone: true,
  audio: "encrypted",
  camera: undefined,
  screen: undefined,
  screenAudio: undefined,
  speaking: false,
  quality: "good",
  ...given,
});

/** A call that goes on. */
export const callState = (given: Partial<CallState> = {}): CallState => ({
  phase: "connected",
  stalled: false,
  ended: undefined,
  people: [],
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
});

/** What can be done in a call, of which nothing happens. */
export const callActions = (given: Partial<CallActions> = {}): CallActions => ({
  toggle: nothing,
  setMicrophone: nothing,
  switchDevice: nothing,
  activeDevice: () => undefined,
  fallBack: nothing,
  microphone: () => undefined,
  suppressNoise: nothing,
  startAudio: nothing,
  dismissAlarms: () => {},
  recheckKeys: () => {},
  dismissRemoved: () => {},
  enlarge: () => {},
  leave: nothing,
  ...given,
});
