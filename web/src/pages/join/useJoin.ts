import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useReducer, useRef, useState } from "react";
import { useNavigate } from "react-router";
import { type Credentials, type Entrance, type Place, PortalError, portal, type Waiting } from "../../api/portal";
import { CallSession } from "../../call/CallSession";
import type { MeetingData } from "../../call/data/MeetingData";
import type { ModeAnnouncement } from "../../call/modeAnnouncement";
import { holdPresence } from "../../call/presence";
import { joinWhenBack, rejoin, reopenTracks } from "../../call/rejoin";
import type { Devices, LocalTrack } from "../../devices/useDevices";
import { forgetLinkKey, meetingKey as keyOf, linkVersion, personalToken } from "../../e2ee/keyStore";
import type { MeetingKey } from "../../e2ee/meetingKey";
import { sessionQuery, useApplyModeAnnouncement, useRecheckSession } from "../../session";
import { failureOf } from "./failure";
import { rememberLeft } from "./lastLeft";
import { joinableQuery, lookUp } from "./lookUp";
import { type JoinEvent, type JoinState, joinReducer } from "./machine";
import { personalLink } from "./personal";
import { forgetPlace, keepPlace, keptPlace } from "./placeStore";
import { isUnknownPlace, watchPlace } from "./watchPlace";

interface Entry {
  id: string;
  meetingKey: MeetingKey;
  credentials: Credentials | undefined;
  speaker: string | undefined;
  /** Of the participation that this one follows. */
  data?: MeetingData;
  /** Asked for only once the portal has admitted the participant. */
  tracks: () => LocalTrack[] | Promise<LocalTrack[]>;
}

/** In the call, or before the door. */
type Entered = { call: CallSession } | { waiting: Waiting };

async function enter({ id, meetingKey, credentials, speaker, data, tracks }: Entry): Promise<Entered> {
  const personal = await personalLink(id);
  const entrance = await portal
    .join(id, personal ? { personal } : credentials, keptPlace(id))
    .catch(async (error: unknown): Promise<Entrance> => {
      // Moved back in this very moment: the place says the rest.
      const held = error instanceof PortalError && error.code === "waiting" ? await askForPlace(id) : undefined;
      const secret = keptPlace(id);
      if (held?.state !== "waiting" || secret === undefined) throw error;
      return { admitted: false, waiting: { ...held, place: secret } };
    });
  if (!entrance.admitted) {
    keepPlace(id, entrance.waiting.place);
    return { waiting: entrance.waiting };
  }
  const { admission } = entrance;
  if (admission.place) keepPlace(id, admission.place);
  const call = new CallSession(admission, speaker, data);
  await call.join(meetingKey, await tracks());
  return { call };
}

const entered = (found: Entered, credentials: Credentials | undefined): JoinEvent<CallSession> =>
  "call" in found
    ? { type: "joined", call: found.call, credentials }
    : { type: "stopped", waiting: found.waiting, credentials };

/** What has become of this tab's place; undefined: it has none, or one that the portal does not know any more. */
async function askForPlace(id: string): Promise<Place | undefined> {
  const place = keptPlace(id);
  if (place === undefined) return undefined;
  try {
    return await portal.place(id, place);
  } catch (error) {
    if (!isUnknownPlace(error)) throw error;
    forgetPlace(id);
    return undefined;
  }
}

/** The key, and which of the meeting's links it is of. */
interface Held {
  key: MeetingKey;
  version: number;
}

/** Asks, each time the state is `loading`, whether the meeting is open and who is signed in. */
function useLookup(
  id: string,
  state: JoinState<CallSession>,
  dispatch: (event: JoinEvent<CallSession>) => void,
  hold: (held: Held) => void,
) {
  const queries = useQueryClient();
  const loading = state.name === "loading";
  useEffect(() => {
    if (!loading) return;
    let current = true;
    const meeting = queries.fetchQuery(joinableQuery(id));
    const session = queries.ensureQueryData(sessionQuery);
    // Only the portal knows whether a link that was opened here is newer than the key made here.
    const version = meeting.then(({ link_version: newest }) => {
      const [key, own] = [keyOf(id, newest), linkVersion(id, newest)];
      if (current && key) hold({ key, version: own });
      return own;
    });
    void lookUp(meeting, session, askForPlace(id), version).then((event) => current && dispatch(event));
    return () => {
      current = false;
    };
  }, [loading, id, queries, dispatch, hold]);
}

/** Before the door the portal is listened to until it says what became of the place. */
function useWaiting(id: string, state: JoinState<CallSession>, dispatch: (event: JoinEvent<CallSession>) => void) {
  const waits = state.name === "waiting";
  useEffect(() => {
    if (!waits) return;
    const over = new AbortController();
    const ask = () => askForPlace(id);
    const listen = () => portal.placeEvents(id, keptPlace(id) ?? "", over.signal);
    const away = (error: PortalError) => dispatch({ type: "waiting", error });
    watchPlace(ask, listen, (place) => dispatch({ type: "place", place }), away, over.signal).catch(
      (error: unknown) => !over.signal.aborted && dispatch({ type: "failed", failure: failureOf(error) }),
    );
    return () => over.abort();
  }, [waits, id, dispatch]);
}

/** Sent out of the call by the server: only the portal knows whether by an organiser, and to where. */
function useSentOut(id: string, state: JoinState<CallSession>, dispatch: (event: JoinEvent<CallSession>) => void) {
  const sentOut = state.name === "sentOut";
  useEffect(() => {
    if (!sentOut) return;
    let current = true;
    askForPlace(id).then(
      (place) => current && dispatch({ type: "place", place }),
      (error: unknown) => current && dispatch({ type: "failed", failure: failureOf(error) }),
    );
    return () => {
      current = false;
    };
  }, [sentOut, id, dispatch]);
}

/** Watches a running call: its end, and changes of the site's mode that are announced in it. Leaves it with the page. */
function useCall(id: string, state: JoinState<CallSession>, dispatch: (event: JoinEvent<CallSession>) => void) {
  const applyModeAnnouncement = useApplyModeAnnouncement();
  const call = state.name === "inCall" ? state.call : undefined;
  useEffect(() => {
    if (!call) return;
    let applied: ModeAnnouncement | undefined;
    const observe = () => {
      const { ended, announcement } = call.state();
      if (announcement && announcement !== applied) applyModeAnnouncement(announcement);
      applied = announcement;
      if (ended) dispatch({ type: "ended", reason: ended, place: keptPlace(id) !== undefined });
    };
    observe();
    const unsubscribe = call.subscribe(observe);
    const release = holdPresence(id);
    return () => {
      release();
      unsubscribe();
      void call.leave();
    };
  }, [id, call, applyModeAnnouncement, dispatch]);
}

function useRejoin(
  id: string,
  meetingKey: MeetingKey,
  state: JoinState<CallSession>,
  dispatch: (event: JoinEvent<CallSession>) => void,
) {
  useEffect(() => {
    if (state.name !== "rejoining") return;
    const { lost, credentials } = state;
    const previous = lost.previousMedia();
    const speaker = previous.device("audiooutput");
    let wanted = true;
    const again = () =>
      enter({ id, meetingKey, credentials, speaker, data: lost.data, tracks: () => reopenTracks(previous) });
    rejoin(again, () => wanted).then(
      (found) => {
        if (found && wanted) dispatch(entered(found, credentials));
        else leave(found);
      },
      (error: unknown) => wanted && dispatch({ type: "failed", failure: failureOf(error) }),
    );
    return () => {
      wanted = false;
    };
  }, [id, meetingKey, state, dispatch]);
}

/** After the end nothing of the meeting stays in this browser: neither its key in this tab nor its address in the history. */
function useEnd(id: string, { key, version }: Held, state: JoinState<CallSession>) {
  const navigate = useNavigate();
  const credentials = useRef<Credentials>(undefined);
  if (state.name === "inCall" || state.name === "rejoining") credentials.current = state.credentials;
  const reason = state.name === "ended" ? state.reason : undefined;
  const message = (state.name === "ended" && state.message) || undefined;
  const denied = state.name === "denied";
  useEffect(() => {
    // Asking to be let in once more begins anew.
    if (denied) forgetPlace(id);
  }, [id, denied]);
  useEffect(() => {
    if (!reason) return;
    const place = keptPlace(id);
    if (reason === "left") {
      rememberLeft({ id, key, credentials: credentials.current, place, version, personal: personalToken(id) });
    }
    forgetLinkKey(id);
    forgetPlace(id);
    // Whoever cannot be reached any more is taken off the list soon after.
    if (reason === "gaveUp" && place) portal.giveUp(id, place).catch(() => undefined);
    void navigate("/ended", { replace: true, state: { reason, message } });
  }, [id, key, version, reason, message, navigate]);
}

const leave = (found: Entered | undefined) => {
  if (found && "call" in found) void found.call.leave();
};

export interface Joining {
  state: JoinState<CallSession>;
  submit: (credentials: Credentials | undefined, devices: Devices) => Promise<void>;
  leave: () => void;
  retry: () => void;
  /** The key that the call has. */
  meetingKey: MeetingKey;
}

/**
 * The way into a meeting: `joinReducer` says what follows what; here is what each state does.
 * @param key this browser's, until the portal has said which link is the newest
 */
export function useJoin(id: string, key: MeetingKey): Joining {
  const [held, hold] = useState(() => ({ key, version: linkVersion(id) }));
  const meetingKey = held.key;
  const [state, dispatch] = useReducer(joinReducer<CallSession>, { name: "loading" });
  const recheckSession = useRecheckSession();
  const mounted = useRef(false);
  useEffect(() => {
    mounted.current = true;
    return () => {
      mounted.current = false;
    };
  }, []);
  useLookup(id, state, dispatch, hold);
  useWaiting(id, state, dispatch);
  useCall(id, state, dispatch);
  useSentOut(id, state, dispatch);
  useRejoin(id, meetingKey, state, dispatch);
  useEnd(id, held, state);

  const submit = async (credentials: Credentials | undefined, devices: Devices) => {
    if (state.name !== "prejoin" && state.name !== "admitted") return;
    dispatch({ type: "submitted" });
    try {
      const { speaker, handOver: tracks } = devices;
      const found = await joinWhenBack(
        () => enter({ id, meetingKey, credentials, speaker, tracks }),
        () => mounted.current,
        (problem) => dispatch({ type: "waiting", error: problem }),
      );
      if (found && mounted.current) dispatch(entered(found, credentials));
      else leave(found);
    } catch (error) {
      recheckSession(error);
      dispatch({ type: "failed", failure: failureOf(error) });
    }
  };
  const left = useCallback(() => dispatch({ type: "left" }), []);
  const retry = useCallback(() => dispatch({ type: "retried" }), []);
  return { state, submit, leave: left, retry, meetingKey };
}
