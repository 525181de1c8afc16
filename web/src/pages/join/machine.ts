import { type Credentials, type Place, PortalError, type Waiting as Told } from "../../api/portal";
import type { EndReason } from "../../call/model";
import type { ErrorReason } from "../ErrorPage";
import type { Failure } from "./failure";

/** What somebody waiting sees of the own place. */
export interface Waiting {
  /** When the waiting began, as the portal says it (ISO 8601). */
  since: string;
  /** The organiser's last message; empty: none. */
  message: string;
  /** Sent back by an organiser, after having been inside. */
  movedBack: boolean;
  /** The meeting is locked: whoever waits has knocked. */
  locked: boolean;
}

/** Why an organiser's decision ended it, and what was said. */
export interface End {
  reason: Exclude<EndReason, "lost">;
  message?: string;
}

/** How far somebody has come on the way into a meeting and out of it. `Call` is what a connected call is held by. */
export type JoinState<Call> =
  /** The portal is asked whether the meeting is open, and what has become of a place that this tab has. */
  | { name: "loading" }
  /** Device check and, for guests, name and PIN; after a refusal, with its error. With a place, neither is needed. */
  | { name: "prejoin"; error: PortalError | undefined; admitted: boolean }
  /** The same page while a token is requested and the call connects; with what is away, it is asked for again. */
  | { name: "joining"; away: PortalError | undefined }
  /** Before the door. The credentials are kept for a place that was lost. */
  | { name: "waiting"; waiting: Waiting; away: boolean; credentials: Credentials | undefined }
  /** Somebody opened the door: the call is entered with what the device check has. */
  | { name: "admitted"; credentials: Credentials | undefined }
  /** An organiser said no. */
  | { name: "denied"; message: string }
  /** In the call. The credentials are kept, because rejoining takes them again. */
  | { name: "inCall"; call: Call; credentials: Credentials | undefined }
  /** Sent out of the call: the portal is asked whether to the door, for good, or only out of this window. */
  | { name: "sentOut"; credentials: Credentials | undefined }
  /** The connection was lost and the token is used up: another one is requested. */
  | { name: "rejoining"; lost: Call; credentials: Credentials | undefined }
  /** Rejoining did not work either. */
  | { name: "disconnected" }
  | { name: "failed"; reason: ErrorReason }
  /** Over, and not meant to go on. */
  | ({ name: "ended" } & End);

export type JoinEvent<Call> =
  /** The portal says that the meeting is open. */
  | { type: "opened" }
  /** The form was sent, or the door was opened. */
  | { type: "submitted" }
  /** The service does not answer now; it is asked again. */
  | { type: "waiting"; error: PortalError }
  /** The portal lets this person wait before the door. */
  | { type: "stopped"; waiting: Told; credentials: Credentials | undefined }
  /** What the portal says of the own place; undefined: it does not know it any more. */
  | { type: "place"; place: Place | undefined }
  | { type: "joined"; call: Call; credentials: Credentials | undefined }
  | { type: "failed"; failure: Failure }
  /** The call ended by itself or by somebody's hand. `place`: it may have been an organiser's decision. */
  | { type: "ended"; reason: EndReason; place: boolean }
  /** Somebody does not want to wait for rejoining, or before the door. */
  | { type: "left" }
  | { type: "retried" };

const PREJOIN = { name: "prejoin", error: undefined, admitted: false } as const;

const waits = ({ since, message, moved_back, locked }: Told | Place, credentials: Credentials | undefined) =>
  ({ name: "waiting", waiting: { since, message, movedBack: moved_back, locked }, away: false, credentials }) as const;

/** What follows from the state of the own place, for somebody who is not in the call. */
function placed<Call>(
  place: Place | undefined,
  credentials: Credentials | undefined,
  admitted: JoinState<Call>,
): JoinState<Call> {
  switch (place?.state) {
    case undefined:
      return PREJOIN;
    case "waiting":
      return waits(place, credentials);
    case "admitted":
      return admitted;
    case "denied":
      return { name: "denied", message: place.message };
    case "removed":
      return { name: "ended", reason: "removed", message: place.message };
    case "over":
      return { name: "ended", reason: "over" };
  }
}

/** What follows when asking to come in fails. */
function refused<Call>(failure: Failure): JoinState<Call> {
  if (failure.show === "page") return { name: "failed", reason: failure.reason };
  if (failure.error.code === "denied") return { name: "denied", message: "" };
  if (failure.error.code === "removed") return { name: "ended", reason: "removed" };
  return { ...PREJOIN, error: failure.error };
}

/** What follows when coming back fails: what another try may mend is left to the person. */
function again<Call>(failure: Failure): JoinState<Call> {
  const state = refused<Call>(failure);
  const mendable = state.name === "prejoin" || (state.name === "failed" && state.reason === "mediaBlocked");
  return mendable ? { name: "disconnected" } : state;
}

/** The next state; an event that means nothing in a state leaves it as it is. */
export function joinReducer<Call>(state: JoinState<Call>, event: JoinEvent<Call>): JoinState<Call> {
  switch (state.name) {
    case "loading":
      switch (event.type) {
        case "opened":
          return PREJOIN;
        case "place":
          return placed(event.place, undefined, { ...PREJOIN, admitted: true });
        case "failed":
          return {
            name: "failed",
            reason: event.failure.show === "page" ? event.failure.reason : "unreachable",
          };
        default:
          return state;
      }
    case "prejoin":
      return event.type === "submitted" ? { name: "joining", away: undefined } : state;
    case "joining":
      switch (event.type) {
        case "waiting":
          return { name: "joining", away: event.error };
        case "stopped":
          return waits(event.waiting, event.credentials);
        case "joined":
          return { name: "inCall", call: event.call, credentials: event.credentials };
        case "failed":
          return refused(event.failure);
        default:
          return state;
      }
    case "waiting":
      switch (event.type) {
        case "place":
          if (!event.place) return { ...PREJOIN, error: new PortalError(404, "place_unknown") };
          return placed(event.place, state.credentials, {
            name: "admitted",
            credentials: state.credentials,
          });
        case "waiting":
          return state.away ? state : { ...state, away: true };
        case "failed":
          return refused(event.failure);
        case "left":
          return { name: "ended", reason: "gaveUp" };
        default:
          return state;
      }
    case "admitted":
      return event.type === "submitted" ? { name: "joining", away: undefined } : state;
    case "inCall":
      if (event.type !== "ended") return state;
      if (event.reason === "lost") return { name: "rejoining", lost: state.call, credentials: state.credentials };
      return event.reason === "removed" && event.place
        ? { name: "sentOut", credentials: state.credentials }
        : { name: "ended", reason: event.reason };
    case "sentOut":
      if (event.type === "failed") return { name: "ended", reason: "removed" };
      if (event.type !== "place") return state;
      // Still let in, and yet sent out of this window: a later entry with the same place has taken over.
      return event.place
        ? placed(event.place, state.credentials, { name: "ended", reason: "elsewhere" })
        : { name: "ended", reason: "removed" };
    case "rejoining":
      switch (event.type) {
        case "joined":
          return { name: "inCall", call: event.call, credentials: event.credentials };
        case "stopped":
          return waits(event.waiting, event.credentials);
        case "failed":
          return again(event.failure);
        case "left":
          return { name: "ended", reason: "left" };
        default:
          return state;
      }
    case "denied":
    case "disconnected":
    case "failed":
      return event.type === "retried" ? { name: "loading" } : state;
    case "ended":
      return state;
    default:
      return state satisfies never;
  }
}
