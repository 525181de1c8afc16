import type { Credentials, PortalError } from "../../api/portal";
import type { EndReason } from "../../call/model";
import type { ErrorReason } from "../ErrorPage";
import type { Failure } from "./failure";

/** How far somebody has come on the way into a meeting and out of it. `Call` is what a connected call is held by. */
export type JoinState<Call> =
  /** The portal is asked whether the meeting is open. */
  | { name: "loading" }
  /** Device check and, for guests, name and PIN; after a refusal, with its error. */
  | { name: "prejoin"; error: PortalError | undefined }
  /** The same page while a token is requested and the call connects; with what is away, it is asked for again. */
  | { name: "joining"; away: PortalError | undefined }
  /** In the call. The credentials are kept, because rejoining takes them again. */
  | { name: "inCall"; call: Call; credentials: Credentials | undefined }
  /** The connection was lost and the token is used up: another one is requested. */
  | { name: "rejoining"; lost: Call; credentials: Credentials | undefined }
  /** Rejoining did not work either. */
  | { name: "disconnected" }
  | { name: "failed"; reason: ErrorReason }
  /** Over, and not meant to go on. */
  | { name: "ended"; reason: Exclude<EndReason, "lost"> };

export type JoinEvent<Call> =
  /** The portal says that the meeting is open. */
  | { type: "opened" }
  /** The form was sent. */
  | { type: "submitted" }
  /** The service does not answer now; it is asked again. */
  | { type: "waiting"; error: PortalError }
  | { type: "joined"; call: Call; credentials: Credentials | undefined }
  | { type: "failed"; failure: Failure }
  /** The call ended by itself or by somebody's hand. */
  | { type: "ended"; reason: EndReason }
  /** Somebody does not want to wait for rejoining. */
  | { type: "left" }
  | { type: "retried" };

/** The next state; an event that means nothing in a state leaves it as it is. */
export function joinReducer<Call>(state: JoinState<Call>, event: JoinEvent<Call>): JoinState<Call> {
  switch (state.name) {
    case "loading":
      switch (event.type) {
        case "opened":
          return { name: "prejoin", error: undefined };
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
        case "joined":
          return { name: "inCall", call: event.call, credentials: event.credentials };
        case "failed":
          return event.failure.show === "page"
            ? { name: "failed", reason: event.failure.reason }
            : { name: "prejoin", error: event.failure.error };
        default:
          return state;
      }
    case "inCall":
      if (event.type !== "ended") return state;
      return event.reason === "lost"
        ? { name: "rejoining", lost: state.call, credentials: state.credentials }
        : { name: "ended", reason: event.reason };
    case "rejoining":
      switch (event.type) {
        case "joined":
          return { name: "inCall", call: event.call, credentials: event.credentials };
        case "failed":
          return event.failure.show === "page" && event.failure.reason !== "mediaBlocked"
            ? { name: "failed", reason: event.failure.reason }
            : { name: "disconnected" };
        case "left":
          return { name: "ended", reason: "left" };
        default:
          return state;
      }
    case "disconnected":
    case "failed":
      return event.type === "retried" ? { name: "loading" } : state;
    case "ended":
      return state;
    default:
      return state satisfies never;
  }
}
